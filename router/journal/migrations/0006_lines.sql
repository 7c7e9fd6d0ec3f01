-- Where the lines of a chat stand in the log, by the visitor's address and their number in that chat.
CREATE TABLE line (
    address TEXT NOT NULL,
    n INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    PRIMARY KEY (address, n)
) WITHOUT ROWID;

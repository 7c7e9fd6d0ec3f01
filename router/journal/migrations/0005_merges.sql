-- Rows of a timeline that stand in another case than the one that they came into.
CREATE TABLE moved (
    case_id TEXT NOT NULL,
    n INTEGER NOT NULL,
    to_case TEXT NOT NULL,
    PRIMARY KEY (case_id, n)
) WITHOUT ROWID;
CREATE INDEX moved_to ON moved (to_case);

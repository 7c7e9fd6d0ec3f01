-- Files, each stored once under the hash of its content, in pieces that a commit does not wait for.
CREATE TABLE blob (
    hash TEXT NOT NULL,
    n INTEGER NOT NULL,
    body BLOB NOT NULL
);
CREATE UNIQUE INDEX blob_by_hash ON blob (hash, n);

-- The log: one row a batch; `seq` counts events, a row is keyed by its last one.
CREATE TABLE batch (
    seq INTEGER PRIMARY KEY,
    first INTEGER NOT NULL,
    at INTEGER NOT NULL,
    stream TEXT NOT NULL,
    kind TEXT NOT NULL,
    events TEXT NOT NULL
);
CREATE INDEX batch_of_domain ON batch (seq) WHERE stream = 'domain';

-- What is known now, each folded from the log. `live`: part of its owner's working set.
CREATE TABLE document (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    owner TEXT NOT NULL,
    version INTEGER NOT NULL,
    live INTEGER NOT NULL,
    body TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX document_owner ON document (owner, kind);
CREATE INDEX document_at_work ON document (kind) WHERE live AND kind IN ('message', 'agent', 'work');

CREATE TABLE entry (
    case_id TEXT NOT NULL,
    n INTEGER NOT NULL,
    kind TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (case_id, n)
) WITHOUT ROWID;

-- The vault: words, names, addresses. Deleting rows here erases a person; the log stays whole.
CREATE TABLE vault (
    id TEXT PRIMARY KEY,
    owner TEXT NOT NULL,
    kind TEXT NOT NULL,
    body TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE address (
    key TEXT PRIMARY KEY,
    address TEXT NOT NULL,
    customer TEXT NOT NULL
) WITHOUT ROWID;

-- Keys that were done, each with the answer it got.
CREATE TABLE answer (
    key TEXT PRIMARY KEY,
    kept_until INTEGER NOT NULL,
    status INTEGER NOT NULL,
    fingerprint TEXT NOT NULL,
    body TEXT NOT NULL
) WITHOUT ROWID;

-- Small records beside the log: cursors, tokens, policy versions, the instance's secret.
CREATE TABLE record (
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (kind, id)
) WITHOUT ROWID;

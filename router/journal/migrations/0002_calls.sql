-- Calls and promises are at work too: those that are not over are read at start.
DROP INDEX document_at_work;
CREATE INDEX document_at_work ON document (kind) WHERE live AND kind IN ('message', 'agent', 'work', 'call', 'promise');

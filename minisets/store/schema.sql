-- The state of one cluster: an append-only log of revisions, and which of them are current.
-- Why one table holds every object's text: a revision is written once and never changed; `current`
-- only points. The number of this schema is `schema` in `about` (see SCHEMA in sqlite.py).

CREATE TABLE about (
    name  TEXT PRIMARY KEY,     -- schema; floor = the version after which the history is complete:
    value INTEGER NOT NULL      -- an epoch begins by setting it to its first version
) STRICT, WITHOUT ROWID;

CREATE TABLE revision (
    version   INTEGER PRIMARY KEY,
    previous  INTEGER NOT NULL, -- the same object's revision before this one, 0 if it was created
    type      TEXT    NOT NULL CHECK (type IN ('ADDED', 'MODIFIED', 'DELETED')),
    kind      TEXT    NOT NULL,
    namespace TEXT    NOT NULL,
    name      TEXT    NOT NULL,
    object    TEXT    NOT NULL  -- JSON; of a deletion the last state
) STRICT;

CREATE TABLE current (
    kind      TEXT    NOT NULL,
    namespace TEXT    NOT NULL,
    name      TEXT    NOT NULL,
    version   INTEGER NOT NULL REFERENCES revision (version),
    PRIMARY KEY (kind, namespace, name)
) STRICT, WITHOUT ROWID;

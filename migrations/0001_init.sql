-- The program's own tables. Tables of collections are made from the rows of _collections, not by migrations.

-- What the program notes about the data folder itself, such as the version that wrote it last.
CREATE TABLE _holdall_meta (
    key   TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- One row per collection; fields, indexes and options are JSON.
CREATE TABLE _collections (
    id         TEXT NOT NULL PRIMARY KEY,
    system     INTEGER NOT NULL DEFAULT 0,
    type       TEXT NOT NULL DEFAULT 'base',
    name       TEXT NOT NULL COLLATE NOCASE UNIQUE,
    fields     TEXT NOT NULL DEFAULT '[]',
    indexes    TEXT NOT NULL DEFAULT '[]',
    listRule   TEXT,
    viewRule   TEXT,
    createRule TEXT,
    updateRule TEXT,
    deleteRule TEXT,
    options    TEXT NOT NULL DEFAULT '{}',
    created    TEXT NOT NULL,
    updated    TEXT NOT NULL
) STRICT;

CREATE INDEX idx__collections_type ON _collections (type);

-- Settings and other single values, as JSON.
CREATE TABLE _params (
    id      TEXT NOT NULL PRIMARY KEY,
    value   TEXT,
    created TEXT NOT NULL,
    updated TEXT NOT NULL
) STRICT;

-- Files of records: one row per stored file, and at the same time the queue of what is to be removed. state is
-- 'pending' before a record names the file, 'live' while one does, and 'doomed' after that. due is when the worker
-- looks at a row again ('' for live ones); attempts counts how often it tried in vain. fieldId is the field's stable id.
CREATE TABLE _files (
    collectionId TEXT NOT NULL,
    recordId     TEXT NOT NULL,
    name         TEXT NOT NULL,
    fieldId      TEXT NOT NULL,
    state        TEXT NOT NULL,
    contentType  TEXT NOT NULL,
    sizeBytes    INTEGER NOT NULL,
    sha256       TEXT NOT NULL,
    originalName TEXT NOT NULL,
    attempts     INTEGER NOT NULL,
    due          TEXT NOT NULL,
    created      TEXT NOT NULL,
    PRIMARY KEY (collectionId, recordId, name)
) STRICT, WITHOUT ROWID;

CREATE INDEX idx__files_state ON _files (state, due);
CREATE INDEX idx__files_name ON _files (name);
CREATE INDEX idx__files_field ON _files (collectionId, fieldId);

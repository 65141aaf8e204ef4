-- Resumable uploads that no record has taken yet; how far one has come, its file in the spool tells. recordId is ''
-- where the record is still to be created. collectionRef and recordRef are the account that began it; both are '' for
-- guests, who are counted by address ('' for accounts). sha256 is '' until the whole has been read once.
CREATE TABLE _uploads (
    id            TEXT NOT NULL PRIMARY KEY,
    collectionId  TEXT NOT NULL,
    fieldId       TEXT NOT NULL,
    recordId      TEXT NOT NULL,
    collectionRef TEXT NOT NULL,
    recordRef     TEXT NOT NULL,
    address       TEXT NOT NULL,
    originalName  TEXT NOT NULL,
    metadata      TEXT NOT NULL,
    sizeBytes     INTEGER NOT NULL,
    sha256        TEXT NOT NULL,
    created       TEXT NOT NULL,
    expires       TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX idx__uploads_owner ON _uploads (collectionRef, recordRef, address);
CREATE INDEX idx__uploads_expires ON _uploads (expires);

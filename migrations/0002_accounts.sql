-- What people sign in with, besides the passwords in their records: one row belongs to the record that collectionRef
-- and recordRef name. None of these tables is a collection, so no API for records reaches them. Times are texts in the
-- interface's date form; hashes are SHA-256 in hexadecimal digits.

-- Sessions of browsers. keyHash ties a session to the record's token key and the collection's token secret: whatever
-- ends tokens ends sessions, whether or not their rows are still here.
CREATE TABLE _sessions (
    id            TEXT NOT NULL PRIMARY KEY,
    collectionRef TEXT NOT NULL,
    recordRef     TEXT NOT NULL,
    tokenHash     TEXT NOT NULL UNIQUE,
    forwardHash   TEXT NOT NULL UNIQUE,
    keyHash       TEXT NOT NULL,
    ip            TEXT NOT NULL,
    userAgent     TEXT NOT NULL,
    created       TEXT NOT NULL,
    lastUsed      TEXT NOT NULL,
    idleUntil     TEXT NOT NULL,
    expires       TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX idx__sessions_owner ON _sessions (collectionRef, recordRef);
CREATE INDEX idx__sessions_idleUntil ON _sessions (idleUntil);

-- Keys for programs. scope is JSON, or 'null' for a key that may do whatever its owner may. expires is '' for never.
CREATE TABLE _apiKeys (
    id            TEXT NOT NULL PRIMARY KEY,
    collectionRef TEXT NOT NULL,
    recordRef     TEXT NOT NULL,
    name          TEXT NOT NULL,
    tokenHash     TEXT NOT NULL UNIQUE,
    keyHash       TEXT NOT NULL,
    scope         TEXT NOT NULL,
    created       TEXT NOT NULL,
    lastUsed      TEXT NOT NULL,
    expires       TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX idx__apiKeys_owner ON _apiKeys (collectionRef, recordRef);

-- Passkeys; credential is what the WebAuthn library keeps, as JSON. userHandle is what authenticators know the account
-- by: random, the same for all passkeys of an account. secondFactor is 1 if the account can't be entered by a password
-- alone because of this passkey.
CREATE TABLE _passkeys (
    id            TEXT NOT NULL PRIMARY KEY,
    collectionRef TEXT NOT NULL,
    recordRef     TEXT NOT NULL,
    credentialId  TEXT NOT NULL UNIQUE,
    name          TEXT NOT NULL,
    userHandle    TEXT NOT NULL,
    credential    TEXT NOT NULL,
    secondFactor  INTEGER NOT NULL,
    created       TEXT NOT NULL,
    lastUsed      TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX idx__passkeys_owner ON _passkeys (collectionRef, recordRef);

-- One authenticator app per account, from when its first code was right. lastStep is the time step of the last code that
-- was taken, so that none works twice.
CREATE TABLE _totps (
    collectionRef TEXT NOT NULL,
    recordRef     TEXT NOT NULL,
    secret        TEXT NOT NULL,
    lastStep      INTEGER NOT NULL,
    created       TEXT NOT NULL,
    PRIMARY KEY (collectionRef, recordRef)
) STRICT, WITHOUT ROWID;

-- Recovery codes, each of which works once.
CREATE TABLE _recoveryCodes (
    collectionRef TEXT NOT NULL,
    recordRef     TEXT NOT NULL,
    codeHash      TEXT NOT NULL,
    PRIMARY KEY (collectionRef, recordRef, codeHash)
) STRICT, WITHOUT ROWID;

-- Mail on its way out. state is 'queued', 'sent', 'failed', or 'kept' where no mail server is configured. text and html
-- are emptied once a mail was sent: they hold links and codes that open accounts.
CREATE TABLE _mails (
    id          TEXT NOT NULL PRIMARY KEY,
    kind        TEXT NOT NULL,
    recipient   TEXT NOT NULL,
    subject     TEXT NOT NULL,
    text        TEXT NOT NULL,
    html        TEXT NOT NULL,
    reference   TEXT NOT NULL,
    state       TEXT NOT NULL,
    attempts    INTEGER NOT NULL,
    nextAttempt TEXT NOT NULL,
    error       TEXT NOT NULL,
    created     TEXT NOT NULL,
    updated     TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX idx__mails_state ON _mails (state, nextAttempt);
CREATE INDEX idx__mails_created ON _mails (created);
CREATE INDEX idx__mails_reference ON _mails (reference, kind);

-- The tables of `logs.db`. `seq` is the order in which entries were written and is never given twice, so that whoever
-- follows the log knows what is new.

CREATE TABLE _logs (
    seq     INTEGER PRIMARY KEY AUTOINCREMENT,
    id      TEXT NOT NULL UNIQUE,
    created TEXT NOT NULL,
    level   INTEGER NOT NULL,
    message TEXT NOT NULL,
    data    TEXT NOT NULL
) STRICT;

CREATE INDEX idx__logs_created ON _logs (created);

-- Version 2 of the file: `upgrade` in sqlite.rs makes it of version 1. Entries are never updated or deleted.
CREATE TABLE entry (
    position   INTEGER PRIMARY KEY,
    event      BLOB    NOT NULL UNIQUE, -- 16 bytes
    command    BLOB    NOT NULL,        -- 16 bytes
    at         INTEGER NOT NULL,        -- nanoseconds since 1970
    actor_sort TEXT    NOT NULL,
    actor_name TEXT    NOT NULL,
    reason     TEXT,
    kind       TEXT    NOT NULL,
    version    INTEGER NOT NULL,
    subjects   TEXT    NOT NULL,        -- one a line
    body       BLOB    NOT NULL,
    hash       BLOB    NOT NULL         -- 32 bytes
) STRICT;
CREATE INDEX entry_at ON entry (at);

-- Where the log ends. One row, updated in each append's transaction.
CREATE TABLE head (
    one      INTEGER PRIMARY KEY CHECK (one = 1),
    position INTEGER NOT NULL,
    hash     BLOB    NOT NULL,
    at       INTEGER NOT NULL
) STRICT;
INSERT INTO head VALUES (1, 0, zeroblob(32), -9223372036854775808);

-- What entries are found by: "subject ...", "kind ...", "actor ...".
CREATE TABLE label (
    id   INTEGER PRIMARY KEY,
    text TEXT NOT NULL UNIQUE
) STRICT;
CREATE TABLE entry_label (
    label    INTEGER NOT NULL,
    position INTEGER NOT NULL,
    PRIMARY KEY (label, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE snapshot (
    schema   INTEGER NOT NULL,
    position INTEGER NOT NULL,
    digest   BLOB    NOT NULL, -- of the body before it was compressed
    size     INTEGER NOT NULL, -- of the body before it was compressed
    body     BLOB    NOT NULL, -- zstd
    UNIQUE (schema, position)
) STRICT;

CREATE TABLE blob (
    digest BLOB    NOT NULL UNIQUE, -- of the bytes before they were compressed
    size   INTEGER NOT NULL,        -- of the bytes before they were compressed
    body   BLOB    NOT NULL         -- zstd if it is shorter than size says, else as it is
) STRICT;

CREATE TABLE series (
    id   INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
) STRICT;
CREATE TABLE sample (
    series INTEGER NOT NULL,
    minute INTEGER NOT NULL, -- since 1970
    errors INTEGER NOT NULL,
    sketch BLOB    NOT NULL,
    parts  BLOB,             -- sums, as LEB128; since version 2
    PRIMARY KEY (series, minute)
) STRICT, WITHOUT ROWID;

CREATE TABLE secret (
    name   TEXT PRIMARY KEY,
    sealed BLOB NOT NULL
) STRICT, WITHOUT ROWID;

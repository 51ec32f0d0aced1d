-- A machine by its fingerprint (JSON), and what people are told of it (JSON).
CREATE TABLE machines (
    id INTEGER PRIMARY KEY,
    fingerprint TEXT NOT NULL UNIQUE,
    facts TEXT NOT NULL
) STRICT;

-- What has to be the same for runs to be compared. Settings are JSON with sorted keys.
CREATE TABLE series (
    id INTEGER PRIMARY KEY,
    model TEXT NOT NULL,
    machine INTEGER NOT NULL REFERENCES machines (id),
    settings TEXT NOT NULL,
    UNIQUE (model, machine, settings)
) STRICT;

-- One measurement. Numbers of runs are never given twice, so AUTOINCREMENT.
CREATE TABLE runs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    series INTEGER NOT NULL REFERENCES series (id) ON DELETE CASCADE,
    at_ms INTEGER NOT NULL,
    tag TEXT,
    engine_version TEXT,
    model_digest TEXT,
    processes INTEGER,
    min_ms REAL,
    p50_ms REAL,
    p50_low_ms REAL,
    p50_high_ms REAL,
    p90_ms REAL,
    p90_low_ms REAL,
    p90_high_ms REAL,
    p99_ms REAL,
    p99_low_ms REAL,
    p99_high_ms REAL,
    per_second REAL,
    per_second_low REAL,
    per_second_high REAL,
    peak_rss_bytes INTEGER,
    joules REAL,
    noise TEXT,
    report TEXT NOT NULL
) STRICT;

CREATE INDEX runs_by_time ON runs (series, at_ms, id);

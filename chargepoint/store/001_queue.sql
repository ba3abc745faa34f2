-- boots: one row per start of the daemon. machine: the kernel's boot id. opened, last: monotonic seconds.
-- clock: UTC at monotonic 0. applied: the last line of the tail file that is in this database. waiting: rows in outbox.
CREATE TABLE boots (
    boot INTEGER PRIMARY KEY,
    machine TEXT NOT NULL,
    opened REAL NOT NULL,
    last REAL NOT NULL,
    clock REAL,
    quality INTEGER NOT NULL DEFAULT 0,
    applied INTEGER NOT NULL DEFAULT 0,
    waiting INTEGER NOT NULL DEFAULT 0
);

-- outbox: what the backend has not confirmed, oldest first by id. No second index, and never count(*).
CREATE TABLE outbox (
    id INTEGER PRIMARY KEY,
    tx TEXT NOT NULL,
    kind TEXT NOT NULL,
    body TEXT NOT NULL
);

-- transactions: those without a confirmed end. seq, energy_wh, at: how far they had come. number: the backend's, JSON.
CREATE TABLE transactions (
    tx TEXT PRIMARY KEY,
    started TEXT NOT NULL,
    seq INTEGER NOT NULL,
    energy_wh REAL NOT NULL,
    at TEXT NOT NULL,
    number TEXT,
    ended INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;

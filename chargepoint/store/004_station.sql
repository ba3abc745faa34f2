CREATE TABLE settings (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE availability (
    evse INTEGER PRIMARY KEY,
    operative INTEGER NOT NULL
);

CREATE TABLE reservations (
    id INTEGER PRIMARY KEY,
    body TEXT NOT NULL
);

-- tokens: the authorisation cache; text is case-folded, a higher rowid was remembered later.
CREATE TABLE tokens (
    id INTEGER PRIMARY KEY,
    text TEXT NOT NULL UNIQUE,
    body TEXT NOT NULL
);

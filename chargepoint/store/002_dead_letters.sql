-- dead_letters: what the backend refused for good. id: its former outbox id. retry: its outbox id while it is sent again.
CREATE TABLE dead_letters (
    id INTEGER PRIMARY KEY,
    tx TEXT NOT NULL,
    kind TEXT NOT NULL,
    body TEXT NOT NULL,
    why TEXT NOT NULL,
    at TEXT NOT NULL,
    retry INTEGER
);

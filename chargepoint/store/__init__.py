"""What the station must not lose: transactions, the queue to the backend, the ledger, settings, tokens.

`Store` is the door. It speaks from memory; one `writer` thread owns the SQLite connection. What is billed is on disk
before it counts; everything else goes to a `tail` file on a tmpfs and reaches the card in groups, because a card wears
out by the number of writes. The way of a record: `store` -> `tail` -> `writer` -> `batch` -> `tables`.
"""

from chargepoint.store.ledger import Proof
from chargepoint.store.outbox import Entry
from chargepoint.store.store import Store
from chargepoint.store.tables import DeadLetter

__all__ = ["DeadLetter", "Entry", "Proof", "Store"]

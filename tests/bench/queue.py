"""The queue of a station that was offline for a day: transactions of 100 records, readings of eight values each."""

from pathlib import Path

from chargepoint.store import Store
from tests.store.kit import ended, started, wide

PER_TRANSACTION = 100


async def fill(state_dir: Path, run_dir: Path, records: int) -> None:
    """Put so many records into the store of a station that does not run."""
    store = Store.open(state_dir, run_dir, nothing, nothing, nothing)
    for number in range(records):
        position, tx = number % PER_TRANSACTION, f"5ad1c0a2-2f0f-4e65-8f3a-{number // PER_TRANSACTION:012d}"
        if position == 0:
            store.keep(started(tx))
        elif position == PER_TRANSACTION - 1 or number == records - 1:
            store.keep(ended(tx, seq=position))
        else:
            store.keep(wide(position, tx))
    await store.close()


def nothing(*told: object) -> None:
    """Nobody listens to this store."""

"""The meters' registers on disk: a real meter keeps its count when the power goes."""

import json
import logging
import os
from collections.abc import Sequence

log = logging.getLogger(__name__)


def load(path: str) -> list[float]:
    """Energy in Wh per connector; empty where there is no file yet. A damaged file is put aside and told."""
    try:
        with open(path, encoding="utf-8") as file:
            return [float(energy_wh) for energy_wh in json.load(file)["energy_wh"]]
    except FileNotFoundError:
        return []
    except (ValueError, KeyError, TypeError) as error:
        os.replace(path, path + ".damaged")
        log.warning("the mock meters start at 0: %s cannot be read (%s) and was renamed to .damaged", path, error)
        return []


def save(path: str, energies_wh: Sequence[float]) -> None:
    """Whole or not at all."""
    beside = path + ".new"
    with open(beside, "w", encoding="utf-8") as file:
        json.dump({"energy_wh": list(energies_wh)}, file)
    os.replace(beside, path)

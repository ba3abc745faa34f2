"""Prints the page of the state tables: `python deploy/generate_diagrams.py >chargepoint/core/DIAGRAMS.md`."""

import sys

from chargepoint.core import power, session
from chargepoint.core.machine import mermaid


def page() -> str:
    parts = ["# The two state tables\n", "Printed from the code by `make docs`; a test keeps it true.\n"]
    for title, module in (("Power: the power path of one connector", power), ("Session: one charging place", session)):
        states = type(module.TABLE[0].source)
        parts += [f"## {title}\n", f"```mermaid\n{mermaid(module.TABLE)}```\n"]
        parts += ["| state | meaning |\n|---|---|\n" + "".join(f"| {s.name} | {s.value} |\n" for s in states)]
    return "\n".join(parts)


if __name__ == "__main__":
    sys.stdout.write(page())

"""``python -m tests.bench [NAMES] [--json] [--tiny]``."""

import argparse
import sys
from importlib import import_module

from tests.bench.harness import Size, workplace

NAMES = ("start", "memory", "reaction", "core", "replay", "wear", "idle", "calls")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="Measure what the targets are about.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"which (default: all of {', '.join(NAMES)})")
    parser.add_argument("--json", action="store_true", help="one JSON object per line")
    parser.add_argument("--tiny", action="store_true", help="only prove that they work; the figures mean nothing")
    asked = parser.parse_args()
    unknown = set(asked.names) - set(NAMES)
    if unknown:
        parser.error(f"no such benchmark: {', '.join(sorted(unknown))}")
    missed = 0
    for name in asked.names or NAMES:
        with workplace() as folder:
            for line in import_module(f"tests.bench.{name}").measure(Size(asked.tiny), folder):
                print(line.as_json() if asked.json else line, flush=True)
                missed += line.ok is False
    if missed:
        print(f"{missed} targets missed", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())

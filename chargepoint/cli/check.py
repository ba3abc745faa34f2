"""`chargepoint check FILE`: every problem and every warning, without starting anything."""

import json
import sys
from argparse import ArgumentParser, Namespace

from chargepoint.cli.exits import Exit
from chargepoint.cli.options import json_option


def arguments(parser: ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="the configuration file")
    json_option(parser)


def run(args: Namespace) -> int:
    """A file that has problems is exit code 1; one that cannot be read at all is 2, by ConfigError."""
    from chargepoint.config.load import Said, examine

    report = examine(args.file)
    problems = list(report.problems)
    if report.config is not None:
        from chargepoint import wiring

        problems += [Said(args.file, None, "", text) for text in wiring.problems(report.config)]
    if args.json:
        answer = {
            "ok": not problems,
            "problems": [problem._asdict() for problem in problems],
            "warnings": [warning._asdict() for warning in report.warnings],
        }
        print(json.dumps(answer))
    else:
        for problem in problems:
            print(problem, file=sys.stderr)
        for warning in report.warnings:
            print(f"{warning} (warning)", file=sys.stderr)
        print(summary(args.file, len(problems), len(report.warnings)))
    return Exit.PROBLEMS if problems else Exit.OK


def summary(file: str, problems: int, warnings: int) -> str:
    def count(number: int, word: str) -> str:
        return f"{number or 'no'} {word}{'' if number == 1 else 's'}"

    verdict = "can be used" if not problems else "cannot be used"
    return f"{file} {verdict}: {count(problems, 'problem')}, {count(warnings, 'warning')}"

"""``python -m training <task> <command>``."""

from __future__ import annotations

import argparse
import os
import sys

from LesionReadingLib.errors import InputError
from LesionReadingLib.worker import ASKS_FOR_JSON_LINES, run_and_report

from .hematoma.commands import add_commands as add_hematoma_commands
from .oct.commands import add_commands as add_oct_commands


def main(arguments: list[str] | None = None) -> int:
    """Run one command; give its exit status (0 done, 2 unusable input)."""
    parser = argparse.ArgumentParser(prog="python -m training", description=__doc__)
    tasks = parser.add_subparsers(dest="task", required=True)
    add_oct_commands(tasks.add_parser("oct", help="calcium, guidewire and lumen in coronary OCT"))
    add_hematoma_commands(tasks.add_parser("hematoma", help="hematoma and its markers on head CT"))
    chosen = parser.parse_args(arguments)
    if os.environ.get(ASKS_FOR_JSON_LINES) == "1":  # a panel has started it and reads along
        return run_and_report(lambda report: chosen.run(chosen))
    try:
        chosen.run(chosen)
    except InputError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""``python -m training <task> <command>``."""

from __future__ import annotations

import argparse
import sys

from LesionReadingLib.errors import InputError

from .agreement_command import add_agreement
from .hematoma.commands import add_commands as add_hematoma_commands
from .oct.commands import add_commands as add_oct_commands
from .report_command import add_report


def main(arguments: list[str] | None = None) -> int:
    """Run one command; give its exit status (0 done, 2 unusable input)."""
    parser = argparse.ArgumentParser(prog="python -m training", description=__doc__)
    tasks = parser.add_subparsers(dest="task", required=True)
    add_oct_commands(tasks.add_parser("oct", help="calcium, guidewire and lumen in coronary OCT"))
    add_hematoma_commands(tasks.add_parser("hematoma", help="hematoma and its markers on head CT"))
    add_agreement(tasks.add_parser("agreement", help="how far two readers' label maps of the same cases agree"))
    add_report(tasks.add_parser("report", help="trainings and evaluations on one page"))
    chosen = parser.parse_args(arguments)
    try:
        chosen.run(chosen)
    except InputError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())

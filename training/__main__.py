"""``python -m training <task> <command>``."""

from __future__ import annotations

import argparse
import os
import re
import sys
from pathlib import Path

from LesionReadingLib.errors import InputError
from LesionReadingLib.worker import ASKS_FOR_JSON_LINES, run_and_report

from .agreement_command import add_agreement
from .arguments import positive
from .hematoma.commands import add_commands as add_hematoma_commands
from .launch import launch
from .oct.commands import add_commands as add_oct_commands
from .report_command import add_report

_PACKAGES = ("ignite", "tensorboard", "yaml")
_OVERRIDE = re.compile(r"[A-Za-z_][\w.]*=")


def main(arguments: list[str] | None = None) -> int:
    """Run one command; give its exit status (0 done, 2 unusable input)."""
    parser = argparse.ArgumentParser(prog="python -m training", description=__doc__)
    parser.add_argument("--parallel", type=positive, metavar="N", help="learn in N processes, one for each GPU of this machine")
    tasks = parser.add_subparsers(dest="task", required=True)
    add_oct_commands(tasks.add_parser("oct", help="calcium, guidewire and lumen in coronary OCT"))
    add_hematoma_commands(tasks.add_parser("hematoma", help="hematoma and its markers on head CT"))
    add_agreement(tasks.add_parser("agreement", help="how far two readers' label maps of the same cases agree"))
    add_report(tasks.add_parser("report", help="trainings and evaluations on one page"))
    configs = tasks.add_parser("bundle-configs", help="write MONAI's configs beside a bundle's metadata; nothing else changes")
    configs.add_argument("folder", type=Path, nargs="+", help="the bundle")
    configs.set_defaults(run=_write_configs)
    chosen, others = parser.parse_known_args(arguments)
    if others and not (hasattr(chosen, "overrides") and all(map(_OVERRIDE.match, others))):
        parser.error(f"unrecognized arguments: {' '.join(others)}")
    chosen.overrides = others
    if os.environ.get(ASKS_FOR_JSON_LINES) == "1":  # a panel has started it and reads along
        return run_and_report(lambda report: chosen.run(chosen))
    try:
        if chosen.parallel and "RANK" not in os.environ:
            launch(chosen.parallel, sys.argv[1:] if arguments is None else arguments)
            return 0
        chosen.run(chosen)
    except ModuleNotFoundError as error:
        if error.name not in _PACKAGES:
            raise
        print(f"Training needs {error.name}, too; install it with: pip install -e '.[training]'", file=sys.stderr)
        return 2
    except InputError as error:
        if os.environ.get("RANK", "0") == "0" or chosen.parallel is None:
            print(error, file=sys.stderr)
        return 2
    return 0


def _write_configs(chosen: argparse.Namespace) -> None:
    from .monai_configs import open_bundle, write_configs

    for folder in chosen.folder:
        for file in write_configs(open_bundle(folder)):
            print(file)


if __name__ == "__main__":
    sys.exit(main())

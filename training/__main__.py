"""``python -m training <task> <command>``."""

from __future__ import annotations

import sys

if __name__ == "__main__" and not (sys.flags.safe_path or __file__.startswith(sys.path[0])):
    del sys.path[0]  # the folder that Python was started in, where it is not the repository: what lies there is not ours to run

import argparse
import os
import re
from contextlib import nullcontext
from pathlib import Path

from LesionReadingLib.command_line import keep_caches_out
from LesionReadingLib.errors import Cancelled, InputError, is_out_of_memory
from LesionReadingLib.process.cancelling import cancellable
from LesionReadingLib.reporting import ASKS_FOR_JSON_LINES
from LesionReadingLib.text.plain_text import plain
from LesionReadingLib.worker import run_and_report

from .arguments import SEVERAL, positive
from .engine.launch import end_with_launcher, launch
from .hematoma.commands import add_commands as add_hematoma_commands
from .oct.commands import add_commands as add_oct_commands
from .reporting.agreement_command import add_agreement
from .reporting.report_command import add_report

_PACKAGES = ("ignite", "tensorboard", "yaml")
_OVERRIDE = re.compile(r"[A-Za-z_][\w.]*=")


def main(arguments: list[str] | None = None) -> int:
    """Run one command; give its exit status (0 done, 2 unusable input or too little memory, 130 cancelled)."""
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
    chosen.words = sys.argv[1:] if arguments is None else arguments
    keep_caches_out()
    if "RANK" in os.environ:
        end_with_launcher()
    if os.environ.get(ASKS_FOR_JSON_LINES) == "1":  # a panel has started it and reads along
        return run_and_report(lambda report: chosen.run(chosen))
    try:
        with nullcontext() if "RANK" in os.environ else cancellable():  # one of several ends at once, and the first one tells it
            _run(chosen)
    except ModuleNotFoundError as error:
        if error.name not in _PACKAGES:
            raise
        return _told(chosen, f"Training needs {error.name}, too; install it with: pip install -e '.[training]'")
    except InputError as error:
        return _told(chosen, str(error) if error.code == SEVERAL else plain(error))
    except (Cancelled, KeyboardInterrupt):
        if "RANK" not in os.environ:  # one of several tells it
            _told(chosen, "Cancelled; what is complete is kept, and the same command goes on with the others.")
        return 130
    except Exception as error:
        if isinstance(error, OSError) and error.filename:  # the folders are the person's
            return _told(chosen, plain(f"{error.filename} cannot be used ({error.strerror}); name another, or mend it."))
        if not is_out_of_memory(error):
            raise
        return _told(chosen, "The memory of this machine does not suffice; close other programs, or choose smaller batches.")
    return 0


def _run(chosen: argparse.Namespace) -> None:
    if chosen.parallel and "RANK" not in os.environ:
        launch(chosen.parallel, chosen.words)
    else:
        chosen.run(chosen)


def _told(chosen: argparse.Namespace, sentence: str) -> int:
    """Tell why a command ended, of several processes once; gives the exit status of unusable input."""
    if os.environ.get("RANK", "0") == "0" or chosen.parallel is None:
        print(sentence, file=sys.stderr)
    return 2


def _write_configs(chosen: argparse.Namespace) -> None:
    from .reporting.monai_configs import open_bundle, write_configs

    for folder in chosen.folder:
        for file in write_configs(open_bundle(folder)):
            print(file)


if __name__ == "__main__":
    sys.exit(main())

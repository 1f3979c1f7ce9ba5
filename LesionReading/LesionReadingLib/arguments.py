"""What the command lines of the modules have in common."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from .errors import InputError
from .language import LANGUAGES, _, usual_language
from .text.plain_text import plain


class OneLineParser(argparse.ArgumentParser):
    """An argument parser whose complaint is one line, as every bad input's is."""

    def error(self, message: str) -> None:
        self.exit(2, f"{self.prog}: {plain(message)}; see {self.prog} --help\n")


def add_common(commands: argparse._SubParsersAction) -> None:
    """Let every command take what all take: JSON lines (``worker``), ``identity`` and language."""
    for command in commands.choices.values():
        command.add_argument("--json-lines", action="store_true", help="report as JSON lines on standard output, for a program")
        command.add_argument(
            "--with-identity",
            action="store_true",
            help="also tell and write what may name the patient: descriptions, names of segments and of files, place and device; "
            "for DICOM segmentations, the patient",
        )
        command.add_argument(
            "--language", choices=LANGUAGES, default=usual_language(), help="of reports and messages; that of the locale by default"
        )


def command_parser(prog: str, description: str) -> tuple[OneLineParser, argparse._SubParsersAction]:
    """(the parser of a module's command line, to which its five commands are added)."""
    parser = OneLineParser(prog=prog, description=description)
    return parser, parser.add_subparsers(required=True, metavar="analyze|batch|measure|agreement|phantom")


def add_model(parser: argparse.ArgumentParser) -> None:
    """Let a command take the network and where it runs."""
    parser.add_argument("--model", default=None, help="bundle folder or name; the shipped one by default")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")


def add_output(parser: argparse.ArgumentParser) -> None:
    """Let a command take the folder for its results."""
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="DIR", help="folder for the results")


def add_segments(parser: argparse.ArgumentParser, example: str) -> None:
    """Let a command take what the segments of a label map are, where their names do not say."""
    parser.add_argument(
        "--segment",
        action="append",
        metavar="NAME=CLASS",
        help=f'a segment of the label map by its name, number or label value, and what it is: "Lesion 1={example}"; '
        "none leaves it out; may be repeated",
    )


def chosen_segments(chosen: argparse.Namespace) -> dict[str, str]:
    """Name -> class, of the segments that the person named.

    Raises:
        InputError: an argument without a name or a class.
    """
    pairs = [argument.rpartition("=") for argument in chosen.segment or []]
    if any(not (name.strip() and kind.strip()) for name, _, kind in pairs):
        raise InputError(_('--segment takes the name of a segment and what it is, for example --segment "Lesion 1=calcium".'))
    return {name: kind for name, _, kind in pairs}


def add_batch(parser: argparse.ArgumentParser, what: str) -> None:
    """Let a command analyse many studies (``batch``)."""
    parser.add_argument("folder", type=Path, help=f"folder with {what} in it and below it")
    add_output(parser)
    parser.add_argument("--again", action="store_true", help="analyze those that failed once more")
    parser.add_argument("--dask", metavar="ADDRESS", help="work on a Dask cluster: the address of its scheduler")


def add_agreement(commands, run: Callable) -> None:
    """Add the command that compares the readers of a worklist.

    Args:
        commands: of ``add_subparsers``. run(chosen, report): does it.
    """
    agreement = commands.add_parser("agreement", help="compare the readers of a worklist, and the model: one table")
    agreement.add_argument("folder", type=Path, help="the folder with the studies that was read in the panel")
    add_output(agreement)
    agreement.add_argument("--with-readers", action="store_true", help="name the readers; without, they are numbered")
    agreement.set_defaults(run=run)

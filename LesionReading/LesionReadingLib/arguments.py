"""What the command lines of the modules have in common."""

from __future__ import annotations

import argparse
import gettext
import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from unicodedata import east_asian_width

from .errors import InputError
from .language import DOMAIN, LANGUAGES, LOCALE, N_, _, usual_language
from .text.plain_text import plain

_LANGUAGE = "--language"
_UNBROKEN = re.compile(r"[!-~]+ ?|.[、。）]*")
_OF_ARGPARSE = (
    N_("usage: "),
    N_("positional arguments"),
    N_("options"),
    N_("show this help message and exit"),
    N_("argument %(argument_name)s: %(message)s"),
    N_("the following arguments are required: %s"),
    N_("unrecognized arguments: %s"),
    N_("invalid choice: %(value)r (choose from %(choices)s)"),
    N_("invalid %(type)s value: %(value)r"),
    N_("expected one argument"),
    N_("expected at least one argument"),
    N_("ambiguous option: %(option)s could match %(matches)s"),
)
"""What argparse says by itself and asks gettext for (``speaking_argparse``)."""


class OneLineParser(argparse.ArgumentParser):
    """An argument parser whose complaint is one line, as every bad input's is; its help fits a terminal in Japanese, too."""

    def __init__(self, **settings) -> None:
        super().__init__(**{"formatter_class": _WideFormatter, **settings})

    def error(self, message: str) -> None:
        message = _("{complaint}; see {prog} --help").format(complaint=plain(message), prog=self.prog)
        self.exit(2, f"{self.prog}: {message}\n")


class _WideFormatter(argparse.HelpFormatter):
    """Knows that Japanese letters take two columns, and that a line may end between any two of them."""

    def _split_lines(self, text: str, width: int) -> list[str]:
        return super()._split_lines(text, width) if text.isascii() else wrapped(text, width)


def wrapped(text: str, width: int) -> list[str]:
    """A text with Japanese in it as lines of at most so many columns; no line begins with a full stop or a comma."""
    lines = [""]
    for part in _UNBROKEN.findall(text):
        if columns(lines[-1] + part) > width and lines[-1]:
            lines.append("")
        lines[-1] += part
    return [line.rstrip() for line in lines]


def columns(text: str) -> int:
    """How many columns of a terminal a text takes."""
    return sum(1 + (east_asian_width(letter) in "WF") for letter in text)


def asked_language(given: Sequence[str]) -> str:
    """The language that the arguments of a command line ask for, before they are read; the usual one where they name none."""
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument(_LANGUAGE, nargs="?")
    asked = parser.parse_known_args(given)[0].language
    return asked if asked in LANGUAGES else usual_language()


@contextmanager
def speaking_argparse(chosen: str) -> Iterator[None]:
    """While inside, argparse's own words are in this language, too: it takes gettext's domain and the environment's language."""
    domain, before = gettext.textdomain(), os.environ.get("LANGUAGE")
    gettext.bindtextdomain(DOMAIN, LOCALE)
    gettext.textdomain(DOMAIN)
    os.environ["LANGUAGE"] = chosen
    try:
        yield
    finally:
        gettext.textdomain(domain)
        os.environ.pop("LANGUAGE") if before is None else os.environ.update(LANGUAGE=before)


def add_common(commands: argparse._SubParsersAction) -> None:
    """Let every command take what all take: JSON lines (``worker``), ``identity`` and language."""
    for command in commands.choices.values():
        command.add_argument("--json-lines", action="store_true", help=_("report as JSON lines on standard output, for a program"))
        command.add_argument(
            "--with-identity",
            action="store_true",
            help=_(
                "also tell and write what may name the patient: descriptions, names of segments and of files, place and device; "
                "for DICOM segmentations, the patient"
            ),
        )
        command.add_argument(
            _LANGUAGE,
            choices=LANGUAGES,
            default=usual_language(),
            help=_("of reports and messages; that of the locale by default"),
        )


def command_parser(prog: str, description: str) -> tuple[OneLineParser, argparse._SubParsersAction]:
    """(the parser of a module's command line, to which its five commands are added)."""
    parser = OneLineParser(prog=prog, description=description)
    return parser, parser.add_subparsers(required=True, metavar="analyze|batch|measure|agreement|phantom")


def add_model(parser: argparse.ArgumentParser) -> None:
    """Let a command take the network and where it runs."""
    parser.add_argument("--model", default=None, help=_("bundle folder or name; the shipped one by default"))
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")


def add_output(parser: argparse.ArgumentParser) -> None:
    """Let a command take the folder for its results."""
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="DIR", help=_("folder for the results"))


def add_segments(parser: argparse.ArgumentParser, example: str) -> None:
    """Let a command take what the segments of a label map are, where their names do not say."""
    parser.add_argument(
        "--segment",
        action="append",
        metavar="NAME=CLASS",
        help=_(
            'a segment of the label map by its name, number or label value, and what it is: "Lesion 1={example}"; none leaves it '
            "out; may be repeated"
        ).format(example=example),
    )


def chosen_segments(chosen: argparse.Namespace) -> dict[str, str]:
    """Name -> class, of the segments that the person named.

    Raises:
        InputError: an argument without a name or a class.
    """
    pairs = [argument.rpartition("=") for argument in chosen.segment or []]
    if any(not (name.strip() and kind.strip()) for name, _, kind in pairs):
        raise InputError(_('--segment takes the name of a segment and what it is, for example --segment "Lesion 1=none".'))
    return {name: kind for name, _, kind in pairs}


def add_batch(parser: argparse.ArgumentParser, what: str) -> None:
    """Let a command analyse many studies (``batch``)."""
    parser.add_argument("folder", type=Path, help=_("folder with {what} in it and below it").format(what=what))
    add_output(parser)
    parser.add_argument("--again", action="store_true", help=_("analyze those that failed once more"))
    parser.add_argument("--dask", metavar="ADDRESS", help=_("work on a Dask cluster: the address of its scheduler"))


def add_agreement(commands, run: Callable) -> None:
    """Add the command that compares the readers of a worklist.

    Args:
        commands: of ``add_subparsers``. run(chosen, report): does it.
    """
    agreement = commands.add_parser("agreement", help=_("compare the readers of a worklist, and the model: one table"))
    agreement.add_argument("folder", type=Path, help=_("the folder with the studies that was read in the panel"))
    add_output(agreement)
    agreement.add_argument("--with-readers", action="store_true", help=_("name the readers; without, they are numbered"))
    agreement.set_defaults(run=run)

"""What the command lines of the modules have in common."""

from __future__ import annotations

import argparse
from pathlib import Path

from .plain_text import plain


class OneLineParser(argparse.ArgumentParser):
    """An argument parser whose complaint is one line, as every bad input's is."""

    def error(self, message: str) -> None:
        self.exit(2, f"{self.prog}: {plain(message)}; see {self.prog} --help\n")


def add_json_lines(parser: argparse.ArgumentParser) -> None:
    """Let a program ask for the lines of ``worker``."""
    parser.add_argument("--json-lines", action="store_true", help="report as JSON lines on standard output, for a program")


def add_output(parser: argparse.ArgumentParser) -> None:
    """Let a command take the folder for its results."""
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="DIR", help="folder for the results")

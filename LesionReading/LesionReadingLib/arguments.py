"""What the command lines of the modules have in common."""

from __future__ import annotations

import argparse
from pathlib import Path


class OneLineParser(argparse.ArgumentParser):
    """An argument parser whose complaint is one line, as every bad input's is."""

    def error(self, message: str) -> None:
        self.exit(2, f"{self.prog}: {message}; see {self.prog} --help\n")


def add_output(parser: argparse.ArgumentParser) -> None:
    """Let a command take the folder for its results."""
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="DIR", help="folder for the results")

"""Which phantom patients a command takes."""

from __future__ import annotations

import argparse

VALIDATION_SEED = 500
"""From here on lie the validation patients; those of `evaluate` lie below."""


def add_range(parser: argparse.ArgumentParser) -> None:
    """Add ``--phantoms``."""
    parser.add_argument("--phantoms", choices=("ordinary", "wide", "mixed"), default="ordinary", help="the range of phantoms")

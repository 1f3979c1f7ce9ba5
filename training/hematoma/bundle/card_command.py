"""``card``: what was measured of a bundle, into its metadata and model card."""

from __future__ import annotations

import argparse
from pathlib import Path

from LesionReadingLib.errors import InputError

from ...files import figures_from, read_figures


def add_card(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``card``."""
    parser.add_argument("folder", type=Path, help="the bundle")
    parser.add_argument("figures", type=Path, nargs="?", metavar="FILE", help="figures of evaluate")
    parser.add_argument("--wide", type=Path, metavar="FILE", help="the same, of phantoms of the wide range, kept beside the others")
    parser.add_argument("--ranges", type=Path, metavar="FILE", help="the same, of other patients: how often ranges held the truth")
    parser.set_defaults(run=_card)


def _card(chosen: argparse.Namespace) -> None:
    from .card import write_card, write_coverage, write_hard

    files = {write_card: chosen.figures, write_hard: chosen.wide, write_coverage: chosen.ranges}
    given = {write: file for write, file in files.items() if file}
    if not given:
        raise InputError("Name a file of figures for the card, or one with --wide or --ranges.")
    for write, file in given.items():
        figures = read_figures(file, "hematoma")
        with figures_from(file):
            write(chosen.folder, figures)

"""The part of ``evaluate`` that judges a model on own cases, which both tasks have."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from ..arguments import write_figures
from ..own_data.splits import PARTS, TEST

_BYTES = 5_000_000


def add_own_cases(parser: argparse.ArgumentParser) -> None:
    """Add ``--data``, ``--split`` and the folder for the results."""
    parser.add_argument(
        "--data", type=Path, metavar="DATA", help="judge on the own cases of this folder, of import, not on phantoms"
    )
    parser.add_argument("--split", choices=(*PARTS, "all"), default=TEST, help="which of them")
    parser.add_argument("-o", "--output", type=Path, metavar="DIR", help="of own cases: tables, figures and pictures")


def evaluate_data(
    chosen: argparse.Namespace, task: str, judge: Callable[[Sequence[str] | None], tuple], tables: Callable[[dict], str]
) -> None:
    """Judge a model on own cases, print the tables, and write what was asked for.

    Args:
        judge: takes the parts of the split; gives figures, pictures of the cases and measured quantities. tables: of the figures.
    """
    from LesionReadingLib.output import finished_folder

    from .comparison import draw_pictures, parts_to_judge, write_evaluation

    figures, pictures, measured = judge(parts_to_judge(chosen.data, chosen.split))
    figures |= {"task": task, "model": str(chosen.model), "split": chosen.split}
    figures["evaluated"] = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    text = tables(figures)
    print(text)
    write_figures(chosen.json, figures)
    if chosen.output:
        with finished_folder(chosen.output, _BYTES) as folder:
            write_evaluation(folder, figures, text)
            draw_pictures(folder, pictures, measured)
        print(f"\nWritten to {chosen.output}.")

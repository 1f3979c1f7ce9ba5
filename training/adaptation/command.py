"""Arguments of the commands ``adapt``, and what they do before and after the learning."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from LesionReadingLib.errors import InputError
from LesionReadingLib.model.bundle import Bundle
from LesionReadingLib.output import finished_folder
from LesionReadingLib.reporting import Reporter

from ..arguments import above_nothing, positive, share, whole, write_figures


def add_adaptation(
    parser: argparse.ArgumentParser,
    run: Callable[[argparse.Namespace], None],
    *,
    model: str,
    phantom_patients: int,
    phantoms: str,
    steps: int,
    batch: int,
) -> None:
    """Add the arguments of an ``adapt``.

    Args:
        model: which bundle to begin with, for help. phantom_patients: how many are drawn, ``phantoms`` says of what.
        steps, batch: by default.
    """
    parser.add_argument("model", help=model)
    parser.add_argument(
        "cases", type=Path, nargs="*", metavar="CASE", help="folder of Export for training, each of another patient"
    )
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="BUNDLE", help="the bundle to write, a new folder")
    parser.add_argument(
        "--same-patient", type=Path, nargs="+", action="append", default=[], metavar="CASE", help="more cases, all of one patient"
    )
    parser.add_argument("--phantoms", type=Path, nargs="+", metavar="DATA", help="folders of make-data; drawn anew by default")
    parser.add_argument("--phantom-patients", type=positive, default=phantom_patients, help=phantoms)
    parser.add_argument("--steps", type=positive, default=steps, help="of each network")
    parser.add_argument("--batch", type=positive, default=batch)
    parser.add_argument("--rate", type=above_nothing, default=1e-4, help="largest learning rate")
    parser.add_argument(
        "--share", type=share, default=0.25, help="share of every batch that is from the cases, the rest from phantoms"
    )
    parser.add_argument("--seed", type=whole, default=0)
    parser.add_argument("--processes", type=positive, default=2, help="how many draw and learn, of one thread each")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures there")
    parser.set_defaults(run=run)


def check(chosen: argparse.Namespace) -> None:
    """Refuse what cannot be adapted, before anything is read.

    Raises:
        InputError: the output is there already, or a number is out of its range.
    """
    if chosen.output.exists():
        raise InputError(f"{chosen.output} is there already; name a new folder for the adapted model.")
    if not 0 < chosen.share <= 1 or not chosen.rate > 0:
        raise InputError("A share lies above 0 and is at most 1, and a rate is above 0; choose others.")


def patients_of(chosen: argparse.Namespace) -> list[list[Path]]:
    """The cases of each patient."""
    return [*([case] for case in chosen.cases), *chosen.same_patient]


@contextmanager
def working_folders(chosen: argparse.Namespace, before: Bundle) -> Iterator[tuple[Path, Path]]:
    """The bundle to write, which appears whole or not at all, and an empty folder for what lies between."""
    with finished_folder(chosen.output.parent, 3 * before.weights.stat().st_size) as made, TemporaryDirectory() as work:
        yield made / chosen.output.name, Path(work)


def report_gain(chosen: argparse.Namespace, figures: Mapping[str, Any], tables: Sequence[str], report: Reporter) -> None:
    """Write the figures, print the tables, and name the bundle."""
    write_figures(chosen.json, dict(figures))
    for line in "\n\n".join(tables).splitlines():
        report.log(line)
    report.result(str(chosen.output))

"""The command ``adapt`` of ``python -m training oct``."""

from __future__ import annotations

import argparse
from pathlib import Path

from LesionReadingLib.errors import InputError

from ..arguments import positive, write_json


def add_adapt(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``adapt``."""
    parser.add_argument("model", help="two-step bundle to begin with, folder or name")
    parser.add_argument(
        "cases", type=Path, nargs="*", metavar="CASE", help="folder of Export for training, each of another patient"
    )
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="BUNDLE", help="the bundle to write, a new folder")
    parser.add_argument(
        "--same-patient", type=Path, nargs="+", action="append", default=[], metavar="CASE", help="more cases, all of one patient"
    )
    parser.add_argument("--phantoms", type=Path, nargs="+", metavar="DATA", help="folders of make-data; drawn anew by default")
    parser.add_argument("--phantom-patients", type=positive, default=8, help="how many are drawn of either range")
    parser.add_argument("--steps", type=positive, default=40, help="of each network")
    parser.add_argument("--batch", type=positive, default=12)
    parser.add_argument("--rate", type=float, default=1e-4, help="largest learning rate")
    parser.add_argument(
        "--share", type=float, default=0.25, help="share of every batch that is from the cases, the rest from phantoms"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--processes", type=positive, default=2, help="how many draw and learn, of one thread each")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures of every frame there")
    parser.set_defaults(run=_adapt)


def _adapt(chosen: argparse.Namespace) -> None:
    from dataclasses import asdict, replace
    from tempfile import TemporaryDirectory

    from LesionReadingLib.bundle import find_bundle
    from LesionReadingLib.output import finished_folder
    from LesionReadingLib.worker import reporter
    from OCTCalciumLib.labels import TASK

    from .adapt import RECIPE, adapt, draw_phantoms, phantoms_of
    from .corrected import read_corrected
    from .gain import frames_gain_table, gain_table

    before = find_bundle(chosen.model, TASK)
    if before.network_class != "TwoStep":
        raise InputError(f"The model {before.name} has no second step to adapt; name a two-step bundle.")
    if chosen.output.exists():
        raise InputError(f"{chosen.output} is there already; name a new folder for the adapted model.")
    if not 0 < chosen.share <= 1 or not chosen.rate > 0:
        raise InputError("A share lies above 0 and is at most 1, and a rate is above 0; choose others.")
    report = reporter()
    cases = read_corrected([*([case] for case in chosen.cases), *chosen.same_patient])
    recipe = replace(RECIPE, steps=chosen.steps, batch=chosen.batch, rate=chosen.rate, real_share=chosen.share, seed=chosen.seed)
    with finished_folder(chosen.output.parent, 3 * before.weights.stat().st_size) as made, TemporaryDirectory() as work:
        scratch = Path(work)
        phantoms = chosen.phantoms or draw_phantoms(scratch, chosen.phantom_patients, chosen.processes)
        found = adapt(
            before,
            cases,
            phantoms_of(phantoms, recipe.seed),
            made / chosen.output.name,
            scratch,
            recipe,
            chosen.processes,
            report,
        )
    write_json(chosen.json, asdict(found))
    for line in (*frames_gain_table(found.frames).splitlines(), "", *gain_table(found.figures).splitlines()):
        report.log(line)
    report.result(str(chosen.output))

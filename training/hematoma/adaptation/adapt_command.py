"""The command ``adapt`` of ``python -m training hematoma``."""

from __future__ import annotations

import argparse

from ...adaptation.command import add_adaptation, check, patients_of, tell, working_folders


def add_adapt(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``adapt``."""
    add_adaptation(
        parser,
        _adapt,
        model="bundle to begin with, folder or name",
        phantom_patients=16,
        phantoms="how many are drawn of the mixed range",
        steps=40,
        batch=8,
    )


def _adapt(chosen: argparse.Namespace) -> None:
    from dataclasses import asdict, replace

    from HematomaMarkersLib.labels import TASK
    from HematomaMarkersLib.model.prediction import preparation_of
    from LesionReadingLib.model.bundle import find_bundle
    from LesionReadingLib.reporting import reporter

    from .adapt import RECIPE, Lessons, adapt, draw_phantoms
    from .corrected import phantom_slices, read_corrected
    from .gain import gain_table, heads_gain_table

    before = find_bundle(chosen.model, TASK)
    check(chosen)
    report = reporter()
    steps = preparation_of(before)
    recipe = replace(RECIPE, batch=chosen.batch, rate=chosen.rate, seed=chosen.seed)
    with working_folders(chosen, before) as (bundle, scratch):
        cases = read_corrected(patients_of(chosen), scratch / "cases", steps)
        folders = chosen.phantoms or draw_phantoms(scratch / "phantoms", chosen.phantom_patients, steps, chosen.processes)
        found = adapt(
            before,
            cases,
            scratch / "cases",
            phantom_slices(folders, steps),
            bundle,
            scratch,
            Lessons(recipe, chosen.steps, chosen.share),
            chosen.processes,
            report,
        )
    tell(chosen, asdict(found), [heads_gain_table(found.heads), gain_table(found.figures)], report)

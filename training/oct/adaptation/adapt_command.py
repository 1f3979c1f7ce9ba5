"""The command ``adapt`` of ``python -m training oct``."""

from __future__ import annotations

import argparse

from LesionReadingLib.errors import InputError

from ...adaptation.command import add_adaptation, check, patients_of, tell, working_folders


def add_adapt(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``adapt``."""
    add_adaptation(
        parser,
        _adapt,
        model="two-step bundle to begin with, folder or name",
        phantom_patients=8,
        phantoms="how many are drawn of either range",
        steps=40,
        batch=12,
    )


def _adapt(chosen: argparse.Namespace) -> None:
    from dataclasses import asdict, replace

    from LesionReadingLib.model.bundle import find_bundle
    from LesionReadingLib.reporting import reporter
    from OCTCalciumLib.labels import TASK

    from .adapt import RECIPE, adapt, draw_phantoms, phantoms_of
    from .corrected import read_corrected
    from .gain import frames_gain_table, gain_table

    before = find_bundle(chosen.model, TASK)
    if before.network_class != "TwoStep":
        raise InputError(f"The model {before.name} has no second step to adapt; name a two-step bundle.")
    check(chosen)
    report = reporter()
    cases = read_corrected(patients_of(chosen))
    recipe = replace(RECIPE, steps=chosen.steps, batch=chosen.batch, rate=chosen.rate, real_share=chosen.share, seed=chosen.seed)
    with working_folders(chosen, before) as (bundle, scratch):
        folders = chosen.phantoms or draw_phantoms(scratch, chosen.phantom_patients, chosen.processes)
        found = adapt(before, cases, phantoms_of(folders, recipe.seed), bundle, scratch, recipe, chosen.processes, report)
    tell(chosen, asdict(found), [frames_gain_table(found.frames), gain_table(found.figures)], report)

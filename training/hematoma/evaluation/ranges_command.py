"""``fit-ranges``: how sure a bundle is, fitted on validation patients and kept with it."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from LesionReadingLib.errors import InputError

from ...arguments import add_device, held_out_seeds, positive, whole
from ...wording import how_many
from ..phantom_arguments import VALIDATION_SEED, add_range

if TYPE_CHECKING:
    from LesionReadingLib.model.bundle import Bundle


def add_fit_ranges(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``fit-ranges``."""
    parser.add_argument("model", help="bundle folder or name; it keeps what is fitted")
    parser.add_argument("data", type=Path, help="data folder: its own validation cases, else phantoms drawn into it")
    parser.add_argument("--patients", type=positive, default=60)
    parser.add_argument("--first-seed", type=whole, default=VALIDATION_SEED + 100, help="below 1000, and not those of `evaluate`")
    parser.add_argument("--processes", type=positive, default=2)
    add_device(parser)
    add_range(parser)
    parser.set_defaults(run=_fit_ranges, phantoms="mixed")


def _fit_ranges(chosen: argparse.Namespace) -> None:
    from HematomaMarkersLib.labels import TASK
    from LesionReadingLib.model.bundle import find_bundle

    from ..bundle.card import with_ranges
    from .ranges import fitted_ranges, seen_heads, signs_fitted_on

    bundle, heads = find_bundle(chosen.model, TASK), []
    for head in seen_heads(bundle.path, _validation_files(chosen, bundle), chosen.device, chosen.processes):
        heads.append(head)
        print(f"{how_many(len(heads), 'validation patient')} read", flush=True)
    fitted, table = fitted_ranges(heads)
    print(table)
    print(signs_fitted_on(heads))
    with_ranges(bundle.path, fitted)
    print(json.dumps(fitted.to_settings()))


def _validation_files(chosen: argparse.Namespace, bundle: Bundle) -> list[Path]:
    """The validation cases of a data folder's split; where it has none, phantoms, drawn into it as the bundle was prepared for."""
    from HematomaMarkersLib.model.preparation.steps import ALL_STEPS, Steps

    from ...own_data.splits import VALIDATION, read_split
    from ..data import patient_files, patient_number
    from ..phantoms import make_data

    if split := read_split(chosen.data):
        if split.by_slice:
            raise InputError(
                "A head is read as a whole, so ranges cannot be fitted on single slices; split the folder by patients."
            )
        return [file for file in patient_files(chosen.data) if VALIDATION in split.parts_of(patient_number(file), 1)]
    seeds, own = held_out_seeds(chosen), bundle.settings.get("preparation")
    steps = Steps(**own) if own else ALL_STEPS
    for number, _ in enumerate(make_data(chosen.data, seeds, steps, chosen.processes, chosen.phantoms), 1):
        print(f"{how_many(number, 'validation patient')} drawn", flush=True)
    return [file for file in patient_files(chosen.data) if patient_number(file) in seeds]

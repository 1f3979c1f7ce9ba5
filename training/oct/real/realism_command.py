"""``python -m training oct realism``: how far phantoms look like real frames with calcium."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

from ...arguments import above_nothing, add_device, positive
from ...wording import how_many


def add_realism(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``realism``."""
    parser.add_argument("images", type=Path, help="folder of real frames PATIENT_NUMBER.png")
    parser.add_argument("masks", type=Path, help="folder of PATIENT_NUMBER_calcium.png; it may be the same one")
    parser.add_argument("data", type=Path, help="folder of make-data, for example --wide")
    parser.add_argument(
        "--pixel-spacing", type=above_nothing, required=True, metavar="MM", help="side of a pixel of the real frames"
    )
    parser.add_argument("--model", help="bundle that finds lumen and guidewire in the real frames; the shipped one by default")
    parser.add_argument("--every", type=positive, default=2, help="look at every so many-th frame of the phantoms")
    parser.add_argument("--sheet", type=Path, metavar="PNG", help="write real frames beside the phantoms most like them")
    add_device(parser)
    parser.set_defaults(run=_realism)


def _realism(chosen: argparse.Namespace) -> None:
    from .realism import looked_at_phantoms, realism_sheet, realism_table

    real, phantoms = list(_real(chosen)), list(looked_at_phantoms(chosen.data, chosen.every))
    print(f"{how_many(len(real), 'real frame')} with calcium, {how_many(len(phantoms), 'phantom frame')} with calcium\n")
    print(realism_table(real, phantoms))
    if chosen.sheet:
        realism_sheet(real, phantoms).save(chosen.sheet)


def _real(chosen: argparse.Namespace) -> Iterator:
    import numpy as np
    from LesionReadingLib.model.bundle import DEFAULT_MODELS, find_bundle
    from OCTCalciumLib.labels import BACKGROUND, CALCIUM, TASK
    from OCTCalciumLib.letterbox import Letterbox
    from OCTCalciumLib.model.inference import segment
    from OCTCalciumLib.reading.read import open_pullback
    from OCTCalciumLib.wall.polar_view import without_calcium

    from .frames import calcium_mask, pictures
    from .realism import looked_at

    bundle = find_bundle(chosen.model or DEFAULT_MODELS[TASK], TASK)
    for picture in pictures(chosen.images):
        pullback = open_pullback(picture, chosen.pixel_spacing)
        box = Letterbox(pullback.rows, pullback.columns)
        labels = without_calcium(segment(pullback, bundle, chosen.device, lambda done, total: None).labels[0])
        labels[calcium_mask(picture, chosen.masks) & (labels == BACKGROUND)] = CALCIUM
        square = box.square(next(iter(pullback.read(0, 1))))
        found = looked_at(picture.stem, square, box.square_labels(labels), chosen.pixel_spacing * box.rows / box.inner_rows)
        if found is not None and np.any(labels == CALCIUM):
            yield found

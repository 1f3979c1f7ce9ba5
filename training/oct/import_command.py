"""The command ``import`` of ``python -m training oct``: pullbacks and frames with their masks into a data folder."""

from __future__ import annotations

import argparse
from dataclasses import replace
from functools import partial
from pathlib import Path

from ..arguments import above_nothing
from ..own_data.import_command import add_import


def add_oct_import(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``import``."""
    add_import(parser, "calcium")
    parser.add_argument(
        "--frame-spacing", type=above_nothing, metavar="MM", help="distance between frames, where the images do not say it"
    )
    parser.set_defaults(run=_import)


def _import(chosen: argparse.Namespace) -> None:
    from OCTCalciumLib.labels import CALCIUM, NAMES
    from OCTCalciumLib.segments import SEGMENTS

    from ..own_data.import_command import patients_of, sources_of
    from ..own_data.importing import Source, import_cases
    from ..own_data.masks import label_rule
    from .data import add_case

    rule = label_rule(chosen.labels, SEGMENTS)
    sources = sources_of(
        chosen,
        SEGMENTS,
        lambda folder: Source(folder.name, lambda data, _row: add_case(data, folder)),
        lambda pair: Source(pair.name, partial(_add_pair, pair, rule, chosen)),
    )
    import_cases(chosen.output, sources, patients_of(chosen), NAMES[CALCIUM])


def _add_pair(pair, rule, chosen: argparse.Namespace, data: Path, row):
    """Read a pullback and its masks as the module reads them, and add it."""
    from OCTCalciumLib.reading.read import open_pullback
    from OCTCalciumLib.segments import SEGMENTS, checked_label_map

    from ..own_data.import_command import learnt_slices
    from ..own_data.masks import joined, read_mask
    from .data import add_pullback

    pixel_mm = row.spacings_mm.get("pixel_spacing_mm", chosen.pixel_spacing)
    frame_mm = row.spacings_mm.get("frame_spacing_mm", chosen.frame_spacing)
    pullback = open_pullback(pair.image, pixel_mm, frame_mm)
    maps = [read_mask(mask, rule, SEGMENTS) for mask in pair.masks]
    placed = [
        checked_label_map(replace(one, messages=()), mask.path, pixel_mm, frame_mm, pullback).labels
        for one, mask in zip(maps, pair.masks, strict=True)
    ]
    labels = joined(placed)
    return add_pullback(data, pullback, labels, learnt_slices(labels, chosen.annotated_only))

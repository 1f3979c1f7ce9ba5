"""The command ``import`` of ``python -m training hematoma``: head CT with masks into a data folder."""

from __future__ import annotations

import argparse
from dataclasses import replace
from functools import partial
from pathlib import Path

from HematomaMarkersLib.labels import LOCATIONS
from LesionReadingLib.errors import InputError

from ..arguments import above_nothing
from ..own_data.import_command import add_import


def add_hematoma_import(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``import``."""
    add_import(parser, "hematoma")
    parser.add_argument(
        "--slice-spacing", type=above_nothing, metavar="MM", help="distance of slices, for pictures, which state none"
    )
    parser.add_argument("--window", nargs="+", metavar="HU", help="what 0 and 255 stand for, where images are 8-bit pictures")
    parser.add_argument("--force", action="store_true", help="take scans that look like contrast or another body part, too")
    parser.set_defaults(run=_import)


def _import(chosen: argparse.Namespace) -> None:
    from HematomaMarkersLib.labels import HEMATOMA, MARKERS, NAMES
    from HematomaMarkersLib.model.preparation.steps import ALL_STEPS
    from HematomaMarkersLib.segments import SEGMENTS
    from HematomaMarkersLib.windows import window_of

    from ..own_data.import_command import patients_of, sources_of
    from ..own_data.importing import Source, import_cases
    from ..own_data.masks import label_rule
    from .data import STEPS_FILE, add_case, begun_with, preparation_steps

    rule, window = label_rule(chosen.labels, SEGMENTS), window_of(chosen.window) if chosen.window else None
    steps = preparation_steps(chosen.output) if (chosen.output / STEPS_FILE).exists() else ALL_STEPS

    def add_export(folder: Path, data: Path, _row):
        begun_with(data, steps)
        return add_case(data, folder, window)

    def add_pair(pair, data: Path, row):
        begun_with(data, steps)
        return _add_pair(pair, rule, window, chosen, data, row)

    sources = sources_of(
        chosen,
        SEGMENTS,
        lambda folder: Source(folder.name, partial(add_export, folder)),
        lambda pair: Source(pair.name, partial(add_pair, pair)),
    )
    import_cases(chosen.output, sources, patients_of(chosen, MARKERS), NAMES[HEMATOMA])


def _add_pair(pair, rule, window, chosen: argparse.Namespace, data: Path, row):
    """Read a scan and its masks as the module reads them, and add it."""
    from HematomaMarkersLib.reading.read import open_scan
    from HematomaMarkersLib.segments import SEGMENTS

    from ..own_data.import_command import learnt_slices
    from ..own_data.masks import joined, read_mask
    from .data import add_scan

    pixel_mm = row.spacings_mm.get("pixel_spacing_mm", chosen.pixel_spacing)
    slice_mm = row.spacings_mm.get("slice_spacing_mm", chosen.slice_spacing)
    if row.location not in ("", *LOCATIONS):
        raise InputError(f"the table says {row.location!r} for its location; say one of {', '.join(LOCATIONS)}, or nothing.")
    scan = open_scan(pair.image, None, window, slice_mm, pixel_mm)
    if scan.warnings and not chosen.force:
        raise InputError(f"{' '.join(scan.warnings)} Leave it out, or take it all the same with --force.")
    placed = [_on_scan(read_mask(mask, rule, SEGMENTS), mask.path.name, scan) for mask in pair.masks]
    labels = joined([each.labels for each in placed])
    learnt = learnt_slices(labels, chosen.annotated_only)
    added = add_scan(data, scan, labels, learnt, row.markers, row.location or None)
    return replace(added, notes=tuple(note for each in placed for note in each.notes))


def _on_scan(label_map, name: str, scan):
    """A label map on the scan's voxels: by its place, or of pictures, which have none, voxel by voxel.

    Its notes tell where it lies on other voxels than the scan's: so it may be a mask of another scan.
    """
    from HematomaMarkersLib.segments import placed_labels
    from LesionReadingLib.labels.on_grid import lies_on_voxels_of

    if label_map.spacing.in_plane_known:
        placed = placed_labels(label_map, name, scan)
        if lies_on_voxels_of(label_map, scan.grid, name):
            return placed
        told = (
            f"{name} lies on other voxels than the scan and was placed by its position; make sure that it is a mask of this scan."
        )
        return replace(placed, notes=(told, *placed.notes))
    if label_map.labels.shape != scan.hounsfield.shape:
        own, wanted = (" x ".join(map(str, shape)) for shape in (label_map.labels.shape, scan.hounsfield.shape))
        raise InputError(f"{name} has {own} voxels (slices x rows x columns) but the scan {wanted}; draw it on the same slices.")
    return label_map

"""Scans of own cases on their own voxels with the readers' labels, as the evaluation compares them: ``original-123456.npz``."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from HematomaMarkersLib.reading.scan import Scan
from LesionReadingLib.geometry.grid import stacked_grid

from ...files import reading
from ...writing import write_whole

_OF_GRID = ("row_mm", "column_mm", "row_axis", "column_axis", "positions_mm", "extents_mm")


@dataclass(frozen=True, eq=False)
class Original:
    """A case on its own voxels.

    Attributes:
        scan: without notes and files. labels: uint8 (slices, rows, columns), the reader's.
        judged: numbers in the scan of the slices that the reader looked at, in the order of the case's file (foot to head);
            nothing is known of the others.
    """

    scan: Scan
    labels: np.ndarray
    judged: tuple[int, ...]


def write_original(folder: Path, number: int, original: Original) -> None:
    """Keep a case in a training folder."""
    scan = original.scan
    arrays = {name: np.asarray(getattr(scan.grid, name)) for name in _OF_GRID}
    arrays |= {"hounsfield": scan.hounsfield, "labels": original.labels, "judged": np.array(original.judged, int)}
    if scan.gravity is not None:
        arrays["gravity"] = scan.gravity
    facts = {"is_brain_alone": bool(scan.is_brain_alone), "sides_known": bool(scan.sides_known)}
    stored = np.array(json.dumps(facts))
    write_whole(original_file(folder, number), lambda file: np.savez_compressed(file, **arrays, facts=stored))


def read_original(file: Path) -> Original:
    """Read what ``write_original`` wrote.

    Raises:
        InputError: it cannot be read.
    """
    with reading(file):
        with np.load(file) as opened:
            arrays = {name: opened[name] for name in opened.files}
        size, pixel_mm = arrays["hounsfield"].shape[1:], (float(arrays["row_mm"]), float(arrays["column_mm"]))
        axes, thickness_mm = (arrays["row_axis"], arrays["column_axis"]), float(arrays["extents_mm"][0])
        grid = stacked_grid(size, pixel_mm, *axes, arrays["positions_mm"], thickness_mm, "imported")
        scan = Scan(arrays["hounsfield"], grid, arrays.get("gravity"), **json.loads(str(arrays["facts"])))
        return Original(scan, arrays["labels"], tuple(arrays["judged"].tolist()))


def original_file(folder: Path, number: int) -> Path:
    """Where the original of a case lies."""
    return folder / f"original-{number}.npz"

"""Head CT series as the phantoms write them; the same series, asked for by another test, is copied in place of being written."""

from __future__ import annotations

import hashlib
import pickle
from pathlib import Path
from typing import Any

from HematomaMarkersLib.phantom import dicom

_WRITTEN: dict[str, list[tuple[str, bytes]]] = {}


def write_series(folder: Path, *voxels_and_grid: Any, **options: Any) -> list[Path]:
    """``HematomaMarkersLib.phantom.dicom.write_series``, whose arguments these are: the same files, byte for byte."""
    key = hashlib.sha256(pickle.dumps((voxels_and_grid, options))).hexdigest()
    if key not in _WRITTEN:
        paths = dicom.write_series(folder, *voxels_and_grid, **options)
        _WRITTEN[key] = [(path.name, path.read_bytes()) for path in paths]
        return paths
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / name for name, _ in _WRITTEN[key]]
    for path, (_, content) in zip(paths, _WRITTEN[key], strict=True):
        path.write_bytes(content)
    return paths

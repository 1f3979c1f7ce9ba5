"""Where the voxels of a volume file lie, read from its header alone, and whether what was read lies there."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path

import numpy as np
from fuzzing.readers.volumes import Wrong, meta_fields, nrrd_fields

_SAME_VOXEL = 0.02
_SAME_MATRIX_MM = 1e-2
_SPACES = {
    "left-posterior-superior": (1, 1, 1),
    "lps": (1, 1, 1),
    "right-anterior-superior": (-1, -1, 1),
    "ras": (-1, -1, 1),
    "left-anterior-superior": (1, -1, 1),
    "las": (1, -1, 1),
}


def matrix_of(path: Path) -> np.ndarray | None:
    """(4, 4) from voxel (column, row, slice) to LPS in mm; None where this reader cannot tell."""
    name = path.name.lower()
    reader = _nifti if name.endswith((".nii", ".nii.gz")) else _nrrd if name.endswith((".nrrd", ".nhdr")) else _meta
    try:
        matrix = reader(path)
    except (KeyError, IndexError, ValueError, struct.error):
        return None
    usable = matrix is not None and np.isfinite(matrix).all() and abs(np.linalg.det(matrix)) > 1e-9
    return matrix if usable else None


def _nifti(path: Path) -> np.ndarray | None:
    """Of either form; None where there are two that differ."""
    content = gzip.decompress(path.read_bytes()) if path.name.endswith(".gz") else path.read_bytes()
    order = "<" if struct.unpack_from("<i", content)[0] == 348 else ">"
    unit = {1: 1000.0, 3: 0.001}.get(content[123] & 7, 1.0)
    codes = struct.unpack_from(order + "2h", content, 252)
    sides, *steps = struct.unpack_from(order + "4f", content, 76)
    numbers = struct.unpack_from(order + "18f", content, 256)
    found = []
    if codes[0] > 0:
        b, c, d = numbers[:3]
        if b * b + c * c + d * d > 1:
            return None
        a = np.sqrt(1 - b * b - c * c - d * d)
        columns = [
            (a * a + b * b - c * c - d * d, 2 * (b * c + a * d), 2 * (b * d - a * c)),
            (2 * (b * c - a * d), a * a + c * c - b * b - d * d, 2 * (c * d + a * b)),
            (2 * (b * d + a * c), 2 * (c * d - a * b), a * a + d * d - c * c - b * b),
        ]
        found.append(
            np.array(
                [*np.array(columns) * np.array([[steps[0]], [steps[1]], [steps[2] * (-1 if sides < 0 else 1)]]), numbers[3:6]]
            ).T
        )
    if codes[1] > 0:
        found.append(np.array(numbers[6:]).reshape(3, 4))
    if not found or any(np.abs(one - found[0]).max() > _SAME_MATRIX_MM for one in found):
        return None
    return np.vstack([np.diag([-unit, -unit, unit]) @ found[0], [0, 0, 0, 1]])


def _nrrd(path: Path) -> np.ndarray | None:
    fields = nrrd_fields(path.read_bytes())[0]
    signs = _SPACES[fields["space"].lower()]
    if {"space units", "units", "kinds"} & fields.keys() and fields.get("kinds", "domain domain domain").split() != ["domain"] * 3:
        return None
    vectors = f"{fields['space directions']} {fields['space origin']}".replace(", ", ",").split()
    place = np.array([[float(part) for part in vector.strip("()").split(",")] for vector in vectors])
    if place.shape != (4, 3):
        return None
    return np.vstack([np.diag(signs) @ place.T, [0, 0, 0, 1]])


def _meta(path: Path) -> np.ndarray | None:
    fields = meta_fields(path.read_bytes())[0]
    if "DistanceUnits" in fields or fields["NDims"] != "3":
        return None
    steps = [float(word) for word in fields["ElementSpacing"].split()]
    axes = np.array(fields.get("TransformMatrix", "1 0 0 0 1 0 0 0 1").split(), float).reshape(3, 3)
    origin = np.array(fields.get("Offset", fields.get("Position", "0 0 0")).split(), float)
    return np.vstack([np.column_stack([axes.T * steps, origin]), [0, 0, 0, 1]])


def check_voxels(what: str, own: np.ndarray, grid, values: np.ndarray, matrix: np.ndarray, outside: float) -> bool:
    """Every voxel (slices, rows, columns) that was read has the value which the file holds at its place in the patient.

    Args:
        own: what was read, on ``grid``. values: what the file holds, and ``matrix`` where. outside: what lies beyond the file's.

    Returns:
        False where voxels lie between those of the file, so that nothing can be said.

    Raises:
        Wrong: one has another value.
    """
    places = grid.lps_mm(np.stack(np.indices(own.shape), axis=-1).reshape(-1, 3))
    at = (np.linalg.inv(matrix) @ np.column_stack([places, np.ones(len(places))]).T)[:3].T
    nearest = np.rint(at)
    inside = ((nearest >= 0) & (nearest < values.shape[::-1])).all(axis=1)
    if np.abs(at - nearest)[inside].max(initial=0.0) > _SAME_VOXEL:
        return False
    column, row, number = nearest[inside].astype(int).T
    wanted = np.full(own.size, outside, float)
    wanted[inside] = values[number, row, column]
    different = np.abs(own.ravel() - wanted) > 1e-6
    if different.any():
        raise Wrong(f"{what}: {np.count_nonzero(different)} of {own.size} are not those of the file at their place")
    return True

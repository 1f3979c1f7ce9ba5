"""Which of the two places that a NIfTI-1 header states holds: qform (a rotation and voxel sizes) or sform (any matrix).

Source: the NIfTI-1 header (nifti1.h, "3D image orientation and location in space"). Codes: 1 scanner, 2 aligned to another image of
the patient, 3 and 4 an atlas.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ...errors import InputError
from ...language import _

NIFTI_FIELDS = ("qform_code", "sform_code", "pixdim", "quatern", "qoffset", "srow", "xyzt_units")
"""How the names begin of the fields that ``nifti_matrix`` reads."""

_ATLAS = (3, 4, 5)
_SHEARED = 1e-3  # cosine between two axes from which a matrix is no rotation with voxel sizes
_SAME_VOXEL = 0.5  # of the smallest voxel size: places that lie closer agree
_SAME_SIZE = 0.01  # relative difference up to which two voxel sizes are the same number, rounded
_SAME_NUMBER = 1e-5  # relative difference of two 32-bit numbers that were the same
_SAME_TILTED_SIZE = 0.2  # those of a tilted gantry are told along the step or across the slices
_UNIT_MM = {1: 1000.0, 3: 0.001}  # metres, micrometres


def nifti_matrix(header: Mapping[str, str], shape: tuple[int, int, int], library: np.ndarray) -> np.ndarray | None:
    """The (4, 4) matrix from voxel (i, j, k) to LPS in mm where that of the image library may be wrong; None where it is right.

    Where qform and sform disagree, one that was never set (no rotation, no offset) gives way, then one that leads into an atlas.

    Args:
        header: fields as ITK names them (``qform_code``, ``srow_x`` ...), those of other formats do nothing here.
        shape: voxels along i, j and k.
        library: (4, 4), the matrix from voxel to LPS in mm that the image library made of the header.

    Raises:
        InputError: the two disagree and nothing tells which is right, or the voxel size is stated in two ways.
    """
    if "qform_code" not in header or "sform_code" not in header:
        return None
    codes = int(header["qform_code"]), int(header["sform_code"])
    sizes = np.array([float(header[f"pixdim[{axis}]"]) for axis in (1, 2, 3)])
    sform = _sform(header)
    if codes[1] <= 0 or not np.abs(np.linalg.det(sform[:3, :3])) > 0:
        return None
    lengths = np.linalg.norm(sform[:3, :3], axis=0)
    if np.abs(lengths / sizes - 1).max() > (_SAME_TILTED_SIZE if _is_sheared(sform) else _SAME_SIZE):
        stated, other = (" x ".join(f"{size:.3g}" for size in values) for values in (sizes, lengths))
        raise InputError(
            _("The NIfTI header states voxels of {stated} and of {other} mm; correct it (pixdim and sform).").format(
                stated=stated, other=other
            )
        )
    if codes[0] <= 0:
        if _is_sheared(sform):
            return _lps_mm(sform, header)
        longer = lengths / sizes  # the library takes directions of the sform, but voxel sizes of pixdim
        return library @ np.diag([*longer, 1.0]) if np.abs(longer - 1).max() > _SAME_NUMBER else None
    qform = _qform(header, sizes, shape, (sform, np.diag([-1.0, -1, 1, 1]) @ library))
    if _is_sheared(sform) and _apart_mm(qform, sform, (shape[0], shape[1], 1)) < _SAME_VOXEL * sizes.min():
        return _lps_mm(sform, header)  # the gantry's tilt, which a qform cannot hold
    apart_mm = _apart_mm(qform, sform, shape)
    if apart_mm < _SAME_VOXEL * sizes.min():
        return None
    unset = _is_unset(qform), _is_unset(sform)
    atlas = codes[0] in _ATLAS, codes[1] in _ATLAS
    for leaves_out in (unset, atlas):
        if leaves_out[0] != leaves_out[1]:
            return _lps_mm(sform if leaves_out[0] else qform, header)
    raise InputError(
        _(
            "The NIfTI header states two places that lie up to {apart_mm:.0f} mm apart (qform and sform), "
            "and nothing tells which is right; correct it, for example with fslorient, or export the image "
            "again."
        ).format(apart_mm=apart_mm)
    )


def _qform(header: Mapping[str, str], sizes: np.ndarray, shape: tuple[int, int, int], known: Sequence[np.ndarray]) -> np.ndarray:
    """The matrix of the quaternion. ITK does not tell the sign of its third axis (qfac): that nearer to a known matrix is taken."""
    b, c, d = (float(header[f"quatern_{axis}"]) for axis in "bcd")
    a = np.sqrt(max(0.0, 1 - b * b - c * c - d * d))
    rotation = np.array(
        [
            [a * a + b * b - c * c - d * d, 2 * (b * c - a * d), 2 * (b * d + a * c)],
            [2 * (b * c + a * d), a * a + c * c - b * b - d * d, 2 * (c * d - a * b)],
            [2 * (b * d - a * c), 2 * (c * d + a * b), a * a + d * d - c * c - b * b],
        ]
    )
    offset = [[float(header[f"qoffset_{axis}"])] for axis in "xyz"]
    signed = [np.vstack([np.hstack([rotation * (sizes * [1, 1, sign]), offset]), [0, 0, 0, 1]]) for sign in (1, -1)]
    return min(signed, key=lambda matrix: min(_apart_mm(matrix, other, shape) for other in known))


def _sform(header: Mapping[str, str]) -> np.ndarray:
    return np.vstack([np.array([header[f"srow_{axis}"].split() for axis in "xyz"], float), [0, 0, 0, 1]])


def _is_sheared(matrix: np.ndarray) -> bool:
    axes = matrix[:3, :3] / np.linalg.norm(matrix[:3, :3], axis=0)
    return bool(np.abs(axes.T @ axes - np.eye(3)).max() > _SHEARED)


def _is_unset(matrix: np.ndarray) -> bool:
    """Whether it is what a program writes that knows nothing: no rotation, no offset."""
    linear = matrix[:3, :3]
    return bool(np.abs(linear - np.diag(np.abs(np.diag(linear)))).max() < 1e-6 and not matrix[:3, 3].any())


def _apart_mm(one: np.ndarray, other: np.ndarray, shape: tuple[int, int, int]) -> float:
    """How far the corners of the image lie apart."""
    corners = np.array([[*np.multiply(ends, np.array(shape) - 1), 1] for ends in np.ndindex(2, 2, 2)], float)
    return float(np.linalg.norm((corners @ (one - other).T)[:, :3], axis=1).max())


def _lps_mm(matrix: np.ndarray, header: Mapping[str, str]) -> np.ndarray:
    """NIfTI counts towards right and front, LPS towards left and back."""
    unit = _UNIT_MM.get(int(float(header.get("xyzt_units", 2))) & 7, 1.0)
    return np.diag([-unit, -unit, unit, 1.0]) @ matrix

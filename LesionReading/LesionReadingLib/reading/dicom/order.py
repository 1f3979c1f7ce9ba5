"""What orders the images of a series, and what groups them: place along the normal, table's place, instance number.

Source: DICOM PS3.3 C.7.6.2 (Image Plane) and C.7.6.1 (General Image). What is done where these are missing, equal or at odds
differs between the modalities and is theirs: a pullback goes on by times and names, a CT keeps the later slice of one place.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from typing import TYPE_CHECKING, TypeVar

import numpy as np

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

_ROUNDED = 1e-2  # of a length or a cosine
Thing = TypeVar("Thing")


def grouped(things: Iterable[Thing], key: Callable[[Thing], Hashable]) -> list[list[Thing]]:
    """Things of equal keys together, the groups and what is in them in the order in which they came."""
    groups: dict[Hashable, list[Thing]] = {}
    for thing in things:
        groups.setdefault(key(thing), []).append(thing)
    return list(groups.values())


def has_place(position: Dataset, orientation: Dataset) -> bool:
    """Whether a header (given twice), or the functional groups of a frame, say where the image lies in the patient."""
    place, axes = position.get("ImagePositionPatient"), orientation.get("ImageOrientationPatient")
    return bool(place and axes and len(place) == 3 and len(axes) == 6 and np.any(axes[:3]) and np.any(axes[3:]))


def are_axes(cosines: np.ndarray) -> bool:
    """Whether six cosines are two perpendicular directions of length 1, as rows and columns are (DICOM PS3.3 C.7.6.2.1.1)."""
    one, other = np.reshape(cosines, (2, 3)).astype(float)
    lengths = np.array([np.linalg.norm(one), np.linalg.norm(other)])
    return bool(np.abs(lengths - 1).max() <= _ROUNDED and abs(one @ other) <= _ROUNDED)


def along_normal_mm(header: Dataset) -> float | None:
    """Place of an image along its own normal, in mm of LPS; None where it does not state its place."""
    if not has_place(header, header):
        return None
    axes = np.array(header.ImageOrientationPatient, float)
    return float(np.dot(np.cross(axes[:3], axes[3:]), np.array(header.ImagePositionPatient, float)))


def slice_location_mm(header: Dataset) -> float | None:
    """The Slice Location (0020,1041), whose origin and direction each scanner chooses; None where it is not stated."""
    value = header.get("SliceLocation")
    return None if value is None else float(value)


def instance_number(header: Dataset) -> int | None:
    """The Instance Number (0020,0013); None where it is not stated."""
    value = header.get("InstanceNumber")
    return None if value in (None, "") else int(value)

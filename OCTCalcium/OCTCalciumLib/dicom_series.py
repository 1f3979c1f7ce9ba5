"""Which DICOM files of a folder make one pullback, and in which order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from LesionReadingLib.errors import InputError
from LesionReadingLib.pictures import natural_key
from pydicom.dataset import Dataset

_LISTED = 6


@dataclass(frozen=True)
class DicomSeries:
    """Files of one pullback in order.

    Attributes:
        paths: the files, one frame each unless there is only one.
        positions_mm: position of each file along the pullback, ``None`` where the files do not state it.
        notes: what was found on the way: duplicates left out, gaps, an order that had to be taken from file names.
    """

    paths: tuple[Path, ...]
    positions_mm: tuple[float, ...] | None
    notes: tuple[str, ...]


def in_order(files: Sequence[tuple[Path, Dataset]]) -> DicomSeries:
    """Order one-frame files by position, then instance number, and leave out duplicates.

    Raises:
        InputError: the files hold more than one pullback.
    """
    files, copies = _without_copies(sorted(files, key=lambda file: natural_key(file[0].name)))
    _require_one_pullback(files)
    if len(files) == 1:
        return DicomSeries((files[0][0],), None, _duplicates(copies))
    positions = _positions(files)
    numbers = [_number(header) for _, header in files]
    notes = []
    if positions is not None:
        keys = [(position, number if number is not None else 0) for position, number in zip(positions, numbers, strict=True)]
    elif all(number is not None for number in numbers):
        keys = [(0.0, number) for number in numbers]
    else:
        keys = [(0.0, index) for index in range(len(files))]
        notes.append("The files state neither positions nor instance numbers; their frames are ordered by file name.")
    order = sorted(range(len(files)), key=lambda index: keys[index])
    compared = positions if positions is not None else [key[1] for key in keys]
    kept = [order[0]]
    for index in order[1:]:
        if compared[index] > compared[kept[-1]] + 1e-6:
            kept.append(index)
        else:
            copies.append(files[index][0].name)
    notes += [*_duplicates(copies), *_gaps([compared[index] for index in kept], in_mm=positions is not None)]
    ordered_positions = None if positions is None else tuple(positions[index] for index in kept)
    return DicomSeries(tuple(files[index][0] for index in kept), ordered_positions, tuple(notes))


def _without_copies(files) -> tuple[list, list[str]]:
    seen, kept, copies = set(), [], []
    for path, header in files:
        uid = header.get("SOPInstanceUID")
        if uid and uid in seen:
            copies.append(path.name)
        else:
            seen.add(uid)
            kept.append((path, header))
    return kept, copies


def _require_one_pullback(files) -> None:
    """One multi-frame file is a pullback; so are all one-frame files of one series."""
    pullbacks: dict[str, list] = {}
    for path, header in files:
        frames = int(header.get("NumberOfFrames") or 1)
        key = str(path) if frames > 1 else str(header.get("SeriesInstanceUID"))
        pullbacks.setdefault(key, []).append((path.name, frames))
    if len(pullbacks) == 1:
        return
    texts = [
        f"{members[0][0]} ({members[0][1]} frames)"
        if len(members) == 1
        else f"{members[0][0]} to {members[-1][0]} ({len(members)} frames)"
        for members in pullbacks.values()
    ]
    more = f" and {len(texts) - _LISTED} more" if len(texts) > _LISTED else ""
    raise InputError(
        f"The folder holds {len(texts)} pullbacks: {'; '.join(texts[:_LISTED])}{more}; "
        "name one file, or put each into its own folder."
    )


def _positions(files) -> list[float] | None:
    """Position of every file along the common normal, else by Slice Location; ``None`` where not all state one, or all the same."""
    for position in (_projected, _slice_location):
        values = [position(header) for _, header in files]
        if None not in values and np.ptp(values) > 1e-6:
            return values
    return None


def _projected(header: Dataset) -> float | None:
    place, axes = header.get("ImagePositionPatient"), header.get("ImageOrientationPatient")
    if not place or not axes or len(place) != 3 or len(axes) != 6:
        return None
    normal = np.cross(np.array(axes[:3], float), np.array(axes[3:], float))
    return float(np.dot(normal, np.array(place, float)))


def _slice_location(header: Dataset) -> float | None:
    value = header.get("SliceLocation")
    return None if value is None else float(value)


def _number(header: Dataset) -> int | None:
    value = header.get("InstanceNumber")
    return None if value is None else int(value)


def _duplicates(names: Sequence[str]) -> tuple[str, ...]:
    if not names:
        return ()
    listed = ", ".join(names[:_LISTED]) + (" ..." if len(names) > _LISTED else "")
    return (f"{len(names)} duplicate frame(s) were left out: {listed}.",)


def _gaps(values: Sequence[float], in_mm: bool) -> list[str]:
    """Sentences about missing frames, judged by the most common step between neighbours."""
    steps = np.diff(values)
    step = float(np.median(steps)) if len(steps) else 0
    missing = np.rint(steps / step).astype(int) - 1 if step > 0 else np.zeros(len(steps), int)
    where = np.flatnonzero(missing > 0)
    if not len(where):
        return []
    places = ", ".join(f"{missing[index]} after frame {index}" for index in where[:_LISTED]) + (
        " ..." if len(where) > _LISTED else ""
    )
    told_by = "positions" if in_mm else "instance numbers"
    return [
        f"{int(missing[where].sum())} frame(s) are missing by the {told_by} of the files ({places}); "
        "lengths and volumes count only the frames that are there."
    ]

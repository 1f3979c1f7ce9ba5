"""What a label map is.

Coordinates are LPS in mm. A label map carries its slowest axis (k: frames of a pullback, slices of a scan) first, as numpy sees it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..errors import InputError
from ..geometry.grid import Grid
from ..geometry.spacing import Spacing
from ..language import _

Code = tuple[str, str, str]
"""A coded term: coding scheme designator, code value, code meaning (DICOM PS3.3 section 8)."""


@dataclass(frozen=True)
class Segment:
    """One label value: how it is called, coloured and coded.

    Attributes:
        value: in the label map.
        name: shown to users; what else people call it is in ``vocabulary.TERMS``.
        color: red, green, blue from 0 to 1.
        category, type, region: codes of the property category (DICOM CID 7150), of the type, and of the anatomic region.
    """

    value: int
    name: str
    color: tuple[float, float, float]
    category: Code
    type: Code
    region: Code


@dataclass(frozen=True, eq=False)
class LabelMap:
    """A label map in its own grid.

    Attributes:
        labels: (frames, rows, columns) uint8.
        grid: where its voxels lie, as far as the file says.
        framewise: whether every frame says itself where it lies, by its place or its source (DICOM SEG), so that others may be left
            out as empty.
        messages: sentences that name segments, for the person who runs the command, never for a file.
        notes: sentences for the report, without names of files, segments or patients.
    """

    labels: np.ndarray
    grid: Grid
    framewise: bool = False
    messages: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.labels.shape != self.grid.shape:
            raise ValueError(f"labels of {self.labels.shape} are not on a grid of {self.grid.shape}")

    @property
    def spacing(self) -> Spacing:
        """Distances between voxels with their sources, None where nobody states them."""
        return self.grid.spacing

    def with_spacing(self, spacing: Spacing) -> LabelMap:
        """The same labels on voxels of another spacing."""
        return replace(self, grid=self.grid.with_spacing(spacing))


def whole_labels(values: np.ndarray, names: Sequence[str], advice: str = "") -> np.ndarray:
    """Check a label map and give it as (frames, rows, columns) uint8.

    Args:
        values: (frames, rows, columns), or (rows, columns) for a single frame; numbers of any type.
        names: what the values 0, 1, 2 ... mean.
        advice: what else than to relabel it can be done about other values.

    Raises:
        InputError: empty, of another dimension, not of whole numbers (NaN, fractions), or with other values than those named.
    """
    values = np.asarray(values)
    if values.ndim == 2:
        values = values[None]
    last = len(names) - 1
    if values.ndim != 3:
        raise InputError(
            _("A label map has 3 dimensions (frames, rows, columns), this one has {ndim}; give 2 or 3.").format(ndim=values.ndim)
        )
    if values.size == 0:
        raise InputError(
            _("The label map is empty (frames x rows x columns: {listed}); give another.").format(
                listed="x".join(map(str, values.shape))
            )
        )
    if values.dtype.kind not in "biuf":
        raise InputError(
            _("The label map holds {dtype} values; give whole numbers from 0 to {last}.").format(dtype=values.dtype, last=last)
        )
    if values.dtype.kind == "f" and not all(np.array_equal(frame, np.floor(frame)) for frame in values):
        raise InputError(_("The label map holds NaN or fractions; give whole numbers from 0 to {last}.").format(last=last))
    if values.max() > last or values.min() < 0:
        unknown = sorted({value for frame in values for value in np.unique(frame).tolist() if not 0 <= value <= last})
        known = ", ".join(f"{value} {name}" for value, name in enumerate(names))
        raise InputError(
            _("The label map has unknown label values ({listed}); relabel it as {known}{advice}.").format(
                listed=", ".join(map(str, unknown[:5])), known=known, advice=advice
            )
        )
    return values.astype(np.uint8, copy=False)


def pixels_by_slice(labels: np.ndarray, value: int) -> np.ndarray:
    """(slices,) how many pixels of each slice have a value: slice by slice, as a mask of many is slow and large."""
    return np.array([np.count_nonzero(plane == value) for plane in labels])


def painting_order(found: Mapping[int, Segment]) -> list[int]:
    """Keys of a file's segments in the order in which to draw them, so that the segment of the lowest value ends on top."""
    return sorted(found, key=lambda key: -found[key].value)

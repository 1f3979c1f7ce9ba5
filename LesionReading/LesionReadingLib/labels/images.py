"""Reading label images: Slicer's segmentation files (.seg.nrrd) and plain NRRD, NIfTI and MetaImage.

The keys of .seg.nrrd are those of Slicer's developer guide, "Segmentation labelmap file format (.seg.nrrd)".
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from ..errors import InputError
from ..geometry.grid import SAME_MM, Grid
from ..geometry.nrrd import POSITIONS_KEY
from ..geometry.spacing import UNKNOWN, Spacing
from ..language import N_, _
from ..reading.headers.stored_voxels import check_image_bytes
from ..reading.image_grids import states_spacing, stored_grid
from ..reading.volume_files import image_and_voxels
from .label_map import LabelMap, Segment, painting_order, whole_labels
from .names import FileSegment, Matched, match_segments
from .seg_nrrd import FRAME_SOURCE_KEY, IN_PLANE_SOURCE_KEY, UNKNOWN_SPACING_KEY

_UNKNOWN_MM = 1.0  # as files that must have a distance write one that is not known


def read_image(path: Path, segments: Sequence[Segment], chosen: Mapping[str, str] | None = None) -> LabelMap:
    """Read a segmentation of Slicer, or a plain label image with the values as they are.

    A segmentation that Slicer stored cropped comes back in the full grid of its reference image.

    Raises:
        InputError: not readable, several values per voxel outside a segmentation, values that are not whole, or no known segment.
    """
    what = _("a label map (.seg.nrrd, NRRD, NIfTI, MetaImage or DICOM SEG)")
    image, read_voxels = image_and_voxels(path, what)
    if image.GetDimension() not in (2, 3):
        raise InputError(
            _("{file} has {dimensions} dimensions; a label map has 3.").format(file=path.name, dimensions=image.GetDimension())
        )
    keys = {key: image.GetMetaData(key) for key in image.GetMetaDataKeys()}
    voxels = read_voxels()
    grid = stored_grid(image)
    grid = grid.with_spacing(_spacing(path, grid.spacing, keys))
    if "Segment0_ID" in keys or "Segment0_Name" in keys:
        try:
            labels, matched = _named_labels(voxels, keys, segments, chosen)
            labels, grid = _full_grid(labels, grid, keys, path)
            return LabelMap(labels, _with_positions(grid, keys), messages=(matched.message,), notes=matched.notes)
        except (ValueError, OverflowError) as error:
            raise InputError(
                _("{file} describes its segments by numbers that are none; save it again.").format(file=path.name)
            ) from error
    if image.GetNumberOfComponents() > 1:
        raise InputError(_("{file} has several values per voxel; a label map has one.").format(file=path.name))
    names = {segment.value: segment.name for segment in segments}
    values, matched = _chosen_values(voxels, segments, chosen) if chosen else (voxels, None)
    advice = _(', or say of each value what it is, as in --segment "5={name}" or --segment "5=none"').format(name=segments[0].name)
    labels = whole_labels(values, ["background", *(names[value] for value in sorted(names))], advice)
    return LabelMap(labels, grid, messages=(matched.message,) if matched else ())


def _chosen_values(voxels: np.ndarray, segments: Sequence[Segment], chosen: Mapping[str, str]) -> tuple[np.ndarray, Matched]:
    """The values of a plain label image as the user assigns them: ``5`` -> ``calcium``; the others as they are."""
    present = [int(value) for value in np.unique(voxels) if value != 0 and value == int(value)]
    names = {segment.value: segment.name for segment in segments}
    matched = match_segments([FileSegment(names.get(value, ""), value) for value in present], segments, chosen)
    values = np.array(voxels)
    for value, segment in zip(present, matched.segments, strict=True):
        values[voxels == value] = 0 if segment is None else segment.value
    return values, matched


def _named_labels(
    voxels: np.ndarray, keys: Mapping[str, str], segments: Sequence[Segment], chosen: Mapping[str, str] | None
) -> tuple[np.ndarray, Matched]:
    """Draw the segments of a Slicer file, by layer and label value, with the values that the caller knows.

    Args:
        voxels: (frames, rows, columns), or (frames, rows, columns, layers) where segments may overlap.
    """
    layers = voxels if voxels.ndim == 4 else voxels[..., None]
    listed, places = [], []
    while (name := keys.get(f"Segment{len(listed)}_Name", keys.get(f"Segment{len(listed)}_ID"))) is not None:
        number = len(listed)
        # Slicer before 4.11 wrote neither key: one layer per segment, its voxels 1.
        value = int(keys.get(f"Segment{number}_LabelValue", 1))
        places.append((int(keys.get(f"Segment{number}_Layer", number if layers.shape[-1] > 1 else 0)), value))
        listed.append(FileSegment(name, value, *_codes(keys.get(f"Segment{number}_Tags", ""))))
    if len({one.number for one in listed}) < len(listed):  # label values begin anew in each layer
        listed = [replace(one, number=number) for number, one in enumerate(listed, 1)]
    matched = match_segments(listed, segments, chosen)
    found: dict[tuple[int, int], Segment] = {}
    for place, segment in zip(places, matched.segments, strict=True):
        if segment is None:
            continue
        if not 0 <= place[0] < layers.shape[-1]:
            raise InputError(
                _("The label map has {shape} layers, but {name} is said to be in another; save it again.").format(
                    shape=layers.shape[-1], name=segment.name
                )
            )
        if found.setdefault(place, segment) is not segment:
            raise InputError(
                _(
                    "Two segments of the label map, {name} and {name_2}, are said to be the same voxels (label value "
                    "{place}); save it again."
                ).format(name=found[place].name, name_2=segment.name, place=place[1])
            )
    if voxels.ndim == 3 and voxels.dtype == np.uint8 and _has_our_values(found, int(voxels.max(initial=0))):
        return voxels, matched
    labels = np.zeros(layers.shape[:3], dtype=np.uint8)
    order = painting_order(found)
    for frame, stored in zip(labels, layers, strict=True):  # frame by frame: a mask of a whole pullback is slow and large
        for layer, value in order:
            frame[stored[..., layer] == value] = found[layer, value].value
    return labels, matched


def _has_our_values(found: Mapping[tuple[int, int], Segment], highest: int) -> bool:
    """Whether all values of the file's one layer, from 1 to the highest there is, are ours already, as in what we have written."""
    return all((0, value) in found and found[0, value].value == value for value in range(1, highest + 1)) and (0, 0) not in found


def _codes(tags: str) -> tuple[list[str], list[str]]:
    """Coding scheme and value of the type and of the anatomic region in a segment's tags, empty without one."""
    for tag in tags.split("|"):
        key, _rest, entry = tag.partition(":")
        parts = entry.split("~")
        if key == "TerminologyEntry" and len(parts) > 2:
            return parts[2].split("^")[:2], parts[5].split("^")[:2] if len(parts) > 5 else []
    return [], []


def _spacing(path: Path, stated: Spacing, keys: Mapping[str, str]) -> Spacing:
    """Spacing of an image's header; None where the header does not state it or the file says that it is not known."""
    source = N_("header of the file")  # its name may be the patient's
    unknown = keys.get(UNKNOWN_SPACING_KEY, "").split() if states_spacing(path) else ["in-plane", "frame"]
    row_mm, column_mm = (None, None) if "in-plane" in unknown else (stated.row_mm, stated.column_mm)
    frame_mm = None if "frame" in unknown else stated.frame_mm
    return Spacing(
        row_mm,
        column_mm,
        frame_mm,
        UNKNOWN if row_mm is None else keys.get(IN_PLANE_SOURCE_KEY, source),
        UNKNOWN if frame_mm is None else keys.get(FRAME_SOURCE_KEY, source),
    )


def _with_positions(grid: Grid, keys: Mapping[str, str]) -> Grid:
    """With the places of unevenly spaced slices, where the file keeps them and they still fit its first slice and mean step."""
    values = np.array(keys.get(POSITIONS_KEY, "").split(), float)
    if grid.slice_count < 2 or len(values) != 3 * grid.slice_count or grid.spacing.frame_mm is None:
        return grid
    positions = values.reshape(grid.slice_count, 3)
    fits = np.abs(positions[[0, -1]] - grid.positions_mm[[0, -1]]).max() < SAME_MM
    return replace(grid, stated_positions_mm=positions) if fits else grid


def _full_grid(labels: np.ndarray, grid: Grid, keys: Mapping[str, str], path: Path) -> tuple[np.ndarray, Grid]:
    """A cropped segmentation in the grid of its reference image.

    The offset of its first voxel is in ``Segmentation_ReferenceImageExtentOffset``; the reference's extent is the end of the
    geometry string in ``Segmentation_ConversionParameters``. Without it nothing is known beyond the segmentation's last voxel.
    """
    first = np.array(keys.get("Segmentation_ReferenceImageExtentOffset", "0 0 0").split(), dtype=int)
    size = np.array(labels.shape[::-1])
    extent = _reference_extent(keys.get("Segmentation_ConversionParameters", ""))
    begin = np.minimum(first, 0) if extent is None else extent[0::2]
    end = first + size if extent is None else extent[1::2] + 1
    if (begin == first).all() and (end == first + size).all():
        return labels, grid
    if first.size != 3 or (end <= begin).any():
        raise ValueError("no extent")
    check_image_bytes(path, math.prod((end - begin).tolist()))
    full = np.zeros((end - begin)[::-1], dtype=np.uint8)
    kept_begin, kept_end = np.maximum(first, begin), np.minimum(first + size, end)
    if (kept_begin < kept_end).all():
        target = tuple(slice(a, b) for a, b in zip(kept_begin - begin, kept_end - begin, strict=True))[::-1]
        source = tuple(slice(a, b) for a, b in zip(kept_begin - first, kept_end - first, strict=True))[::-1]
        full[target] = labels[source]
    origin = grid.origin_mm + (begin - first) @ grid.axes_mm(_UNKNOWN_MM)
    return full, replace(grid, shape=full.shape, origin_mm=origin)


def _reference_extent(parameters: str) -> np.ndarray | None:
    """First and last i, j, k of the reference image: the last six of the 22 numbers of the geometry string (16 are its matrix)."""
    for parameter in parameters.split("&"):
        name, _rest, rest = parameter.partition("|")
        numbers = [part for part in rest.split("|")[0].split(";") if part.strip()]
        if name == "Reference image geometry" and len(numbers) == 22:
            return np.array(numbers[16:], dtype=float).astype(int)
    return None

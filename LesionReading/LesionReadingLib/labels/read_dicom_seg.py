"""DICOM Segmentation (SEG) objects as label maps.

Sources: DICOM PS3.3 A.51 (Segmentation IOD), C.8.20.2 (Segmentation Image Module), C.7.6.16 (Multi-frame Functional Groups).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..errors import InputError, is_out_of_memory
from ..geometry.grid import SAME_MM, Grid, even_grid
from ..geometry.spacing import UNKNOWN, Spacing
from ..language import _
from ..reading.dicom.order import are_axes
from ..reading.headers.stored_voxels import MOST_IMAGE_BYTES, check_image_bytes
from ..reading.inputs import begins_as_dicom
from .label_map import LabelMap, Segment, painting_order
from .names import FileSegment, match_segments

if TYPE_CHECKING:
    from highdicom.seg import Segmentation, SegmentDescription
    from pydicom import Dataset

_LABEL_MAP_CLASS = "1.2.840.10008.5.1.4.1.1.66.7"  # Label Map Segmentation Storage
_SEG_CLASSES = ("1.2.840.10008.5.1.4.1.1.66.4", _LABEL_MAP_CLASS)  # the first is Segmentation Storage
_BITS = {"BINARY": (1,), "FRACTIONAL": (8,), "LABELMAP": (8, 16)}  # PS3.3 C.8.20.2.1: BitsAllocated of each SegmentationType
_STEP_TOLERANCE = 0.1  # of a step: rounding in files, but no missing frame
_ROUNDED_STEP = 0.02  # relative: how far a stated distance may be from that of the frames' places
_ONE_PLANE_MM = 0.01  # frames closer than that lie in one plane
_SAME_DIRECTION = 1e-3  # of a cosine


def find_dicom_seg(path: Path) -> Path | None:
    """The DICOM SEG at ``path`` (a file, or the only SEG in a folder); None where it is a file of another format.

    Raises:
        InputError: a DICOM file of another kind, or a folder with no or with several SEG objects.
    """
    if path.is_dir():
        found = [file for file in sorted(path.iterdir()) if file.is_file() and _sop_class(file) in _SEG_CLASSES]
        if len(found) != 1:
            names = f" ({', '.join(file.name for file in found)})" if found else ""
            raise InputError(
                _("The folder {path} holds {count} DICOM SEG objects{names}; name one label map file.").format(
                    path=path, count=len(found), names=names
                )
            )
        return found[0]
    sop_class = _sop_class(path)
    if sop_class is None or sop_class in _SEG_CLASSES:
        return path if sop_class else None
    raise InputError(
        _("{file} is DICOM but not a segmentation (SEG); measure needs a label map, analyze takes images.").format(file=path.name)
    )


def read_dicom_seg(path: Path, segments: Sequence[Segment], chosen: Mapping[str, str] | None = None) -> LabelMap:
    """Read a DICOM SEG: binary, fractional (from half of its maximum on) or label map.

    Frames are put at the number of the source frame that they refer to; where their sources are single images, by their position
    along the normal of the plane, beginning with the first that is stored; else in stored order. Frames that were left out as empty
    are counted as far as the stated Spacing Between Slices, or the frames' own distances, tell. Where their distances differ the
    label map has the places of those that are stored.

    Raises:
        InputError: not readable, or none of its segments known.
    """
    try:
        seg = _opened(path)
        numbers = list(seg.segment_numbers)
        matched = match_segments([_described(number, seg.get_segment_description(number)) for number in numbers], segments, chosen)
        found = {number: segment for number, segment in zip(numbers, matched.segments, strict=True) if segment is not None}
        places, grid, framewise = _placed(seg)
        return LabelMap(_drawn(seg, found, places), grid, framewise, (matched.message,), matched.notes)
    except InputError:
        raise
    except Exception as error:  # highdicom and pydicom raise many kinds of error on damaged files
        if is_out_of_memory(error):
            raise
        raise InputError(_("{file} cannot be read as DICOM SEG; check that it is whole.").format(file=path.name)) from error


def _opened(path: Path) -> Segmentation:
    from highdicom.seg import Segmentation
    from pydicom import dcmread

    from ..reading.dicom.cleaning import clean, require_pixel_description
    from ..reading.dicom.stream import byte_source

    with byte_source(path)() as stream:
        data = clean(dcmread(stream))
    require_pixel_description(data, path.name)
    _require_one_kind(data, path.name)
    frame_count = len(data.PerFrameFunctionalGroupsSequence)
    check_image_bytes(path, data.Rows * data.Columns * frame_count)
    if data.get("NumberOfFrames") != frame_count or frame_count < 1:
        raise InputError(
            _("{file} states another number of frames than it describes; export the segmentation again.").format(file=path.name)
        )
    native = data.Rows * data.Columns * frame_count * data.BitsAllocated // 8
    if not data.file_meta.TransferSyntaxUID.is_encapsulated and len(data.PixelData) < native:
        raise InputError(
            _("The pixels of {file} are cut off: {count} of {native} bytes; copy it again.").format(
                file=path.name, count=len(data.PixelData), native=native
            )
        )
    return Segmentation.from_dataset(data, copy=False)


def _require_one_kind(data: Dataset, name: str) -> None:
    """Refuse a SEG whose type, class and bits are not of one kind: values would be taken for segments, or segments for values."""
    kind = str(data.SegmentationType)
    is_label_map = data.SOPClassUID == _LABEL_MAP_CLASS
    if data.BitsAllocated not in _BITS.get(kind, ()) or is_label_map != (kind == "LABELMAP"):
        raise InputError(
            _("{file} contradicts itself: its segmentation type does not fit its class or bits; export it again.").format(file=name)
        )


def _described(number: int, description: SegmentDescription) -> FileSegment:
    kind, regions = description.segmented_property_type, description.anatomic_regions
    region = (regions[0].scheme_designator, regions[0].value) if regions else ()
    return FileSegment(str(description.segment_label), number, (kind.scheme_designator, kind.value), region)


def _drawn(seg: Segmentation, found: dict[int, Segment], places: np.ndarray) -> np.ndarray:
    """(frames, rows, columns) with the values that the caller knows, drawn frame by frame."""
    if places.min() < 0 or seg.Rows * seg.Columns * (int(places.max()) + 1) > MOST_IMAGE_BYTES:
        raise InputError(_("The frames of the DICOM SEG lie farther apart than those of any image; export the segmentation again."))
    labels = np.zeros((places.max() + 1, seg.Rows, seg.Columns), dtype=np.uint8)
    if str(seg.SegmentationType) == "LABELMAP":
        values = np.zeros(max(found) + 2, dtype=np.uint8)
        values[list(found)] = [segment.value for segment in found.values()]
        for index, place in enumerate(places):
            labels[place] = values[np.minimum(seg.get_stored_frame(index, as_index=True), len(values) - 1)]
        return labels
    half = (int(seg.MaximumFractionalValue) + 1) // 2 if str(seg.SegmentationType) == "FRACTIONAL" else 1
    groups = seg.PerFrameFunctionalGroupsSequence
    shared = seg.SharedFunctionalGroupsSequence[0]
    numbers = [
        _group(groups[index], shared, "SegmentIdentificationSequence").ReferencedSegmentNumber for index in range(len(places))
    ]
    for number in painting_order(found):
        for index in np.flatnonzero(np.array(numbers) == number):
            labels[places[index]][seg.get_stored_frame(int(index), as_index=True) >= half] = found[number].value
    return labels


def _placed(seg: Segmentation) -> tuple[np.ndarray, Grid, bool]:
    """Where the stored frames lie.

    Returns:
        the number of each along the slowest axis, the grid of all that are counted, and whether every frame says itself where it
        lies (``LabelMap.framewise``).
    """
    groups, shared = list(seg.PerFrameFunctionalGroupsSequence), seg.SharedFunctionalGroupsSequence[0]
    referenced = [_source_frame(group) for group in groups]
    positions = _positions(groups, shared)
    right, down = _one_orientation(groups, shared)
    normal = np.cross(right, down)
    offsets = positions @ normal
    measures = _group(groups[0], shared, "PixelMeasuresSequence")
    between, thick = (_positive(measures, keyword) for keyword in ("SpacingBetweenSlices", "SliceThickness"))
    uneven = None
    numbered = None not in referenced and _follow_numbers(positions, np.array(referenced))
    if numbered:
        places = np.array(referenced) - 1
    elif np.ptp(offsets) > 0:
        places = _even_places(offsets, between)
        if places is None:
            _rest, first, places = np.unique(_levels(offsets), return_index=True, return_inverse=True)
            uneven = positions[first]
    else:
        places = np.unique(
            [tuple(group.FrameContentSequence[0].DimensionIndexValues)[-1] for group in groups], return_inverse=True
        )[1]
    step, frame_mm, frame_source = _step(places, positions, normal, between)
    row_mm, column_mm = measures.PixelSpacing
    spacing = Spacing(float(row_mm), float(column_mm), frame_mm, "DICOM (0028,0030) Pixel Spacing of the SEG", frame_source)
    origin = positions[0] - step * (places[0] * (frame_mm or 1.0)) if uneven is None else uneven[0]
    grid = even_grid((int(places.max()) + 1, seg.Rows, seg.Columns), spacing, origin, np.column_stack([right, down, step]).ravel())
    grid = replace(grid, stated_positions_mm=uneven, thickness_mm=between or thick)
    return places, grid, bool(numbered or np.ptp(offsets) > 0)


def _step(
    places: np.ndarray, positions: np.ndarray, normal: np.ndarray, between_mm: float | None
) -> tuple[np.ndarray, float | None, str]:
    """Direction of the slowest axis, distance between its frames in mm and where that came from."""
    first, last = places.argmin(), places.argmax()
    span = positions[last] - positions[first]
    length = float(np.linalg.norm(span))
    if length > 0:
        return (
            span / length,
            length / int(places[last] - places[first]),
            "distance of DICOM (0020,0032) Image Position in the SEG",
        )
    if between_mm is None:
        return normal, None, UNKNOWN
    return normal, between_mm, "DICOM (0018,0088) Spacing Between Slices of the SEG"


def _positive(measures: Dataset, keyword: str) -> float | None:
    """A stated distance in mm; None where there is none, or 0."""
    return abs(float(measures.get(keyword) or 0)) or None


def _follow_numbers(positions: np.ndarray, numbers: np.ndarray) -> bool:
    """Whether frames lie where their numbers say: evenly spaced, or nowhere in particular."""
    first, last = numbers.argmin(), numbers.argmax()
    step = (positions[last] - positions[first]) / max(int(numbers[last] - numbers[first]), 1)
    return bool(np.abs(positions - positions[first] - (numbers - numbers[first])[:, None] * step).max() < SAME_MM)


def _levels(offsets: np.ndarray) -> np.ndarray:
    """For each frame the number of its plane along the normal."""
    order = np.argsort(offsets)
    levels = np.empty(len(offsets), int)
    levels[order] = np.cumsum(np.diff(offsets[order], prepend=offsets[order[0]]) > _ONE_PLANE_MM)
    return levels


def _even_places(offsets: np.ndarray, between_mm: float | None) -> np.ndarray | None:
    """Number of each frame along the normal, frames that were left out as empty counted; None where the distances differ."""
    gaps = np.diff(np.sort(offsets))
    smallest = gaps[gaps > _ONE_PLANE_MM].min()
    for step in (between_mm, smallest):
        if step is not None and step < smallest * (1 + _STEP_TOLERANCE):
            places = (offsets - offsets.min()) / step
            count = max(round(float(places.max())), 1)
            places *= count / places.max()  # so that the rounding of a step does not add up over many
            exact = abs(np.ptp(offsets) / (count * step) - 1) < _ROUNDED_STEP
            if exact and (np.abs(places - places.round()) <= _STEP_TOLERANCE).all():
                return places.round().astype(int)
    return None


def _source_frame(group: Dataset) -> int | None:
    """Number, from 1, of the frame of a multi-frame source that a frame was drawn on; None for another source."""
    for derivation in group.get("DerivationImageSequence", []):
        for source in derivation.get("SourceImageSequence", []):
            number = source.get("ReferencedFrameNumber")
            if number is not None:
                return int(number if isinstance(number, (int, float)) else number[0])
    return None


def _positions(groups: Sequence[Dataset], shared: Dataset) -> np.ndarray:
    """(frames, 3) LPS of the first pixel of each frame; zeros where the file has no positions."""
    found = [_group(group, shared, "PlanePositionSequence") for group in groups]
    return np.array([(0, 0, 0) if item is None else item.ImagePositionPatient for item in found], dtype=float)


def _one_orientation(groups: Sequence[Dataset], shared: Dataset) -> tuple[np.ndarray, np.ndarray]:
    """Directions in LPS of increasing column and of increasing row; those of the axes where the file has none.

    Raises:
        InputError: frames in several orientations, or rows and columns that are not perpendicular.
    """
    found = [_group(group, shared, "PlaneOrientationSequence") for group in groups]
    cosines = np.array([(1, 0, 0, 0, 1, 0) if item is None else item.ImageOrientationPatient for item in found], dtype=float)
    if np.ptp(cosines, axis=0).max() > _SAME_DIRECTION:
        raise InputError(_("The frames of the DICOM SEG lie in different orientations; export one segmentation for each."))
    if not are_axes(cosines[0]):
        raise InputError(_("Rows and columns of the DICOM SEG (0020,0037) are not perpendicular; export it again."))
    return cosines[0, :3], cosines[0, 3:]


def _group(group: Dataset, shared: Dataset, keyword: str) -> Dataset | None:
    """A functional group's only item, from the frame or shared by all frames; None where neither has it."""
    for holder in (group, shared):
        if holder.get(keyword):
            return holder[keyword][0]
    return None


def _sop_class(path: Path) -> str | None:
    """The SOP class of a DICOM file; None for any other file."""
    from ..reading.dicom.files import read_header

    if not begins_as_dicom(path):
        return None
    header = read_header(path, ["SOPClassUID"])
    return None if header is None else str(header.get("SOPClassUID") or _("without a class"))

"""The segments of a pullback's label map, as Slicer and DICOM name them, and how label maps from anywhere are read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from LesionReadingLib.errors import InputError
from LesionReadingLib.labels.label_map import LabelMap, Segment
from LesionReadingLib.labels.on_frames import on_frames
from LesionReadingLib.labels.read import read_label_map, with_typed
from LesionReadingLib.labels.unsure import unsure_segments
from LesionReadingLib.labels.write import SEG_NRRD, write_label_map
from LesionReadingLib.language import _
from LesionReadingLib.reading.images import is_volume

from .colors import rgb
from .labels import CALCIUM, GUIDEWIRE, LUMEN, NAMES
from .reading.pullback import Pullback
from .reading.spacing_rule import checked_spacing, in_mm, stated_unit_mm, unknown_notes

_TURNED = 1.5  # rows to columns of a frame, beyond which one of the two axes is the pullback's
_CORONARY_ARTERY = ("SCT", "41801008", "Coronary artery")

# Types: DICOM CID 3817 (calcified plaque), CID 3411 (guide wire), CID 7156 (lumen of blood vessel). Categories: CID 7150.
SEGMENTS = (
    Segment(
        CALCIUM,
        NAMES[CALCIUM],
        rgb("calcium"),
        ("SCT", "49755003", "Morphologically Abnormal Structure"),
        ("SCT", "29483008", "Calcified atheromatous plaque"),
        _CORONARY_ARTERY,
    ),
    Segment(
        GUIDEWIRE,
        NAMES[GUIDEWIRE],
        rgb("guidewire"),
        ("SCT", "260787004", "Physical object"),
        ("SCT", "272224001", "Guide wire"),
        _CORONARY_ARTERY,
    ),
    Segment(
        LUMEN,
        NAMES[LUMEN],
        rgb("lumen"),
        ("SCT", "123037004", "Anatomical Structure"),
        ("SCT", "91747007", "Lumen of blood vessel"),
        _CORONARY_ARTERY,
    ),
)

UNSURE = unsure_segments(_CORONARY_ARTERY)


def read_oct_label_map(
    path: Path,
    pixel_spacing_mm: float | None = None,
    frame_spacing_mm: float | None = None,
    chosen: Mapping[str, str] | None = None,
    pullback: Pullback | None = None,
) -> LabelMap:
    """Read the label map of a pullback, on the pullback's frames where it is given.

    Its spacing is checked by the rule for all inputs (``spacing_rule.checked_spacing``).

    Args:
        path: .seg.nrrd, NRRD, NIfTI, MetaImage, or DICOM SEG (or a folder with one).
        pixel_spacing_mm, frame_spacing_mm: typed by the user; they take precedence over the file's.
        chosen: name of a segment -> name of the class, from the user.
        pullback: that the labels were drawn on.

    Raises:
        InputError: as ``read_label_map``, ``checked_spacing`` and ``on_frames``, or frames that are not evenly spaced.
    """
    label_map = read_label_map(path, SEGMENTS, chosen=chosen)
    return checked_label_map(label_map, path, pixel_spacing_mm, frame_spacing_mm, pullback)


def checked_label_map(
    label_map: LabelMap,
    path: Path,
    pixel_spacing_mm: float | None = None,
    frame_spacing_mm: float | None = None,
    pullback: Pullback | None = None,
) -> LabelMap:
    """A label map of this module's values that was read from ``path``, with its spacing checked, on its pullback where it is given.

    Args and errors: as ``read_oct_label_map``.
    """
    _refuse_turned(label_map.labels.shape, path.name)
    spacing = in_mm(label_map.spacing, stated_unit_mm(path)) if is_volume(path) else label_map.spacing
    spacing = checked_spacing(with_typed(spacing, pixel_spacing_mm, frame_spacing_mm), path.name)
    label_map = label_map.with_spacing(spacing)
    if pullback is not None:
        label_map = on_frames(label_map, pullback.grid, path.name)
    elif label_map.grid.stated_positions_mm is not None:
        raise InputError(
            _("The frames of {file} are not evenly spaced; name the pullback that they were drawn on with --pullback.").format(
                file=path.name
            )
        )
    unknown = unknown_notes(label_map.spacing)
    return replace(label_map, notes=(*label_map.notes, *unknown, *_frames_left_out(label_map, pullback)))


def _refuse_turned(shape: tuple[int, int, int], name: str) -> None:
    """Refuse a volume (frames, rows, columns) whose frames lie on another axis: OCT frames are about square.

    Raises:
        InputError: one axis of its frames looks like that of the pullback.
    """
    frames, rows, columns = shape
    long, short = max(rows, columns), min(rows, columns)
    if long > _TURNED * short and (frames == long or long > 2 * _TURNED * short) and frames > 1:
        raise InputError(
            _(
                "{name} has {frames} frames of {rows} x {columns} pixels, which no OCT pullback has: the axis "
                "with {short} planes looks like the pullback; save it with the frames on the third axis (slowest "
                "in the file)."
            ).format(name=name, frames=frames, rows=rows, columns=columns, short=short)
        )


def _frames_left_out(label_map: LabelMap, pullback: Pullback | None) -> tuple[str, ...]:
    """A caution where a DICOM SEG may lack frames between those that it holds, so that their distance may be too large."""
    frame_mm, thickness_mm = label_map.spacing.frame_mm, label_map.grid.thickness_mm
    if pullback or not label_map.framewise or not frame_mm or not thickness_mm or frame_mm < 1.5 * thickness_mm:
        return ()
    return (
        _(
            "The frames of the DICOM SEG lie {frame_mm:.3g} mm apart but are said to be {thickness_mm:.3g} "
            "mm thick: if it leaves out frames between them, volumes and lengths are too large; name the "
            "pullback with --pullback."
        ).format(frame_mm=frame_mm, thickness_mm=thickness_mm),
    )


def write_oct_label_map(
    folder: Path, label_map: LabelMap, pullback: Pullback | None, identity: bool = False
) -> tuple[list[Path], tuple[str, ...]]:
    """Write a label map: ``segmentation.seg.nrrd``, and ``segmentation.dcm`` where it lies on the pixels of DICOM files.

    Args:
        pullback: that the labels lie on; None where only a label map is there.
        identity: whether the DICOM file names the patient.

    Returns:
        the files written, and sentences for the report.
    """
    frames = pullback.source_frames if pullback else ()
    written, notes = write_label_map(folder, label_map.labels, label_map.grid, SEGMENTS, frames, identity)
    if pullback and pullback.files and not frames:
        converted = _(
            "No DICOM segmentation was written: the pictures were made of A-lines, so their pixels are not those of the "
            "DICOM file; {seg_nrrd} holds the contours."
        )
        notes = (*notes, converted.format(seg_nrrd=SEG_NRRD))
    return written, notes

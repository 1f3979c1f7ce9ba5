"""What the fuzzer runs on files of pullbacks, compared with what an independent reader says is in them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from fuzzing.readers.dicom import check_stated_spacing, pydicom_frames
from fuzzing.readers.pictures import check_pictures, check_straight
from fuzzing.readers.segmentations import named_labels, seg_frames
from fuzzing.readers.volumes import Known, Wrong, check_spacing, each_study, independent, same


def oct_label(path: Path) -> None:
    """Read and measure a label map as ``oct-calcium measure`` does."""
    from OCTCalciumLib.segments import read_oct_label_map

    label_map = read_oct_label_map(path)
    known = independent(path)
    _check_measured(label_map, known and known.values, known)


def oct_named(path: Path) -> None:
    """The same with named segments; what has another name than before may be anything."""
    from OCTCalciumLib.segments import SEGMENTS, read_oct_label_map

    label_map = read_oct_label_map(path)
    known = independent(path)
    _check_measured(label_map, known and named_labels(known, {segment.name: segment.value for segment in SEGMENTS}), known)


def _check_measured(label_map, values: np.ndarray | None, known: Known | None) -> None:
    """Measure a pullback's label map; labels, spacing and volume are those of the file, where it is known what they are."""
    from OCTCalciumLib.labels import CALCIUM
    from OCTCalciumLib.measurement.pullback import measure_pullback
    from OCTCalciumLib.presenting.measurements_json import to_json

    measurement = measure_pullback(label_map.labels, label_map.spacing, None)
    to_json(measurement, ())
    stated = label_map.spacing
    if known is not None:
        check_spacing((stated.column_mm, stated.row_mm, stated.frame_mm), known)
    if values is None:
        return
    same("labels", label_map.labels, values)
    if stated.known:
        volume = np.count_nonzero(values == CALCIUM) * np.prod([stated.row_mm, stated.column_mm, stated.frame_mm])
        if not np.isclose(measurement.volume_mm3, volume, rtol=1e-3, atol=1e-9):
            raise Wrong(f"volume {measurement.volume_mm3} where {volume} is in the file")


def oct_seg(path: Path) -> None:
    """The same of a DICOM SEG: its planes that are not empty, in order, and its pixels' size."""
    from OCTCalciumLib.segments import SEGMENTS, read_oct_label_map

    label_map = read_oct_label_map(path)
    _check_measured(label_map, None, None)
    known = seg_frames(path, {segment.name: segment.value for segment in SEGMENTS})
    if known is None:
        return
    frames, pixel_mm = known
    read = [frame for frame in label_map.labels if frame.any()]
    if len(read) != len(frames):
        raise Wrong(f"{len(read)} frames with labels where {len(frames)} are in the file")
    if frames:
        same("labels", np.stack(read), np.stack(frames))
    spacing = label_map.spacing
    if spacing.in_plane_known and not np.allclose((spacing.row_mm, spacing.column_mm), pixel_mm, rtol=1e-4):
        raise Wrong(f"pixels of {spacing.row_mm} x {spacing.column_mm} where the file states {pixel_mm}")


def oct_volume(path: Path) -> None:
    """Read a pullback from a volume file."""
    from OCTCalciumLib.reading.images import volume_recording

    spacing = _read_whole(path).spacing
    known = independent(path)
    if known is None:
        return
    check_spacing((spacing.column_mm, spacing.row_mm, spacing.frame_mm), known)
    recording = volume_recording(path)
    frames = np.stack(list(recording.read(0, recording.frame_count)))
    if known.values.dtype == np.uint8:
        same("frames", frames, known.values)
    elif np.isfinite(known.values).all():
        check_straight("frames", frames, known.values)


def oct_pullback(path: Path) -> None:
    """Read every frame of a pullback as ``oct-calcium analyze`` does."""
    _read_whole(path)


def _read_whole(path: Path):
    from OCTCalciumLib.reading.read import open_pullback

    pullback = open_pullback(path)
    for _ in pullback.read(0, pullback.frame_count):
        pass
    return pullback


def oct_pictures(path: Path) -> None:
    """The same of a folder of pictures, with their pixels; none has a spacing, and none is left out silently."""
    from OCTCalciumLib.reading.images import picture_recording

    pullback = _read_whole(path)
    files = sorted(path.iterdir()) if path.is_dir() else []
    recording = picture_recording(files or [path])
    if pullback.spacing.in_plane_known or pullback.spacing.frame_mm is not None:
        raise Wrong(f"spacing {pullback.spacing} of pictures")
    if files and recording.frame_count != len(files) and not recording.notes:
        raise Wrong(f"{recording.frame_count} frames of {len(files)} pictures")
    if files and recording.frame_count == len(files):
        check_pictures(list(recording.read(0, recording.frame_count)), files)


def oct_dicom(path: Path) -> None:
    """The same for DICOM: the stored values, and grey or colours as they follow from them."""
    from LesionReadingLib.reading.dicom.files import open_image, read_header
    from LesionReadingLib.reading.dicom.frames import stored_frames
    from OCTCalciumLib.reading.dicom.pullback import dicom_recording
    from OCTCalciumLib.reading.spacing_rule import Typed

    spacing = _read_whole(path).spacing
    check_stated_spacing(path, spacing.row_mm, spacing.column_mm, spacing.frame_mm)
    frames = pydicom_frames(path)
    if frames is None:
        return
    image = open_image(path)
    count = min(len(frames), image.frame_count)
    same("stored values", np.stack(list(stored_frames(image, 0, count))), frames[:count])
    recording = dicom_recording([(path, read_header(path))], Typed())
    numbers = [frame.number for frame in recording.source_frames]
    read = list(recording.read(0, recording.frame_count))
    shown = [(one, frames[number]) for number, one in zip(numbers, read, strict=False) if number < len(frames)]
    if shown and image.header.get("PixelIntensityRelationship") != "LIN":
        check_straight("grey", *(np.stack(stack) for stack in zip(*shown, strict=True)))


def oct_whole(path: Path) -> None:
    """The whole of ``oct-calcium measure``, with its report and pictures."""
    from LesionReadingLib.reporting import Terminal
    from OCTCalciumLib.commands import measure
    from OCTCalciumLib.options import LabelMapOptions, PullbackOptions, RunOptions

    options = {"run": RunOptions(), "options": PullbackOptions(), "label_map": LabelMapOptions()}
    measure(path, path.parent / "out", Terminal(), **options)


def oct_batch(path: Path) -> None:
    """Look for pullbacks below a folder, and read each."""
    from OCTCalciumLib.batch import find_pullbacks

    each_study(find_pullbacks(path, path / "out"), lambda study: _read_whole(study.source))

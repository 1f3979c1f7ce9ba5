"""What the fuzzer runs on a file, compared with what an independent reader says is in it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from fuzz_dicom import check_enhanced, check_slice, check_stated_spacing, pydicom_frames, segment_masks
from fuzz_readers import Known, Wrong, check_spacing, independent, named_labels, picture, same


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


def oct_volume(path: Path) -> None:
    """Read a pullback from a volume file."""
    from OCTCalciumLib.reading.images import volume_recording

    spacing = _read_whole(path).spacing
    known = independent(path)
    if known is None:
        return
    check_spacing((spacing.column_mm, spacing.row_mm, spacing.frame_mm), known)
    if known.values.dtype == np.uint8:
        recording = volume_recording(path)
        same("frames", np.stack(list(recording.read(0, recording.frame_count))), known.values)


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
    files = sorted(path.iterdir())
    recording = picture_recording(files)
    if pullback.spacing.in_plane_known or pullback.spacing.frame_mm is not None:
        raise Wrong(f"spacing {pullback.spacing} of pictures")
    if recording.frame_count != len(files) and not recording.notes:
        raise Wrong(f"{recording.frame_count} frames of {len(files)} pictures")
    known = [picture(file) for file in files]
    if recording.frame_count == len(files) and all(pixels is not None for pixels in known):
        same("pixels", np.stack(list(recording.read(0, recording.frame_count))), np.stack(known))


def oct_dicom(path: Path) -> None:
    """The same for DICOM, with the stored values."""
    from LesionReadingLib.reading.dicom.files import open_image
    from LesionReadingLib.reading.dicom.frames import stored_frames

    spacing = _read_whole(path).spacing
    check_stated_spacing(path, spacing.row_mm, spacing.column_mm, spacing.frame_mm)
    frames = pydicom_frames(path)
    if frames is None:
        return
    image = open_image(path)
    same("stored values", np.stack(list(stored_frames(image, 0, min(len(frames), image.frame_count)))), frames)


def head_ct(path: Path) -> None:
    """Read a head CT; it has the HU of its files at their places."""
    from HematomaMarkersLib.reading.read import open_scan

    scan = open_scan(path)
    pixel_mm = (scan.grid.row_mm, scan.grid.column_mm)
    if path.is_dir():
        for number, file in enumerate(scan.files):
            check_slice(file, scan.hounsfield[number], scan.grid.positions_mm[number], pixel_mm)
    elif scan.files:
        check_enhanced(path, scan.hounsfield, scan.grid.positions_mm, pixel_mm)
    elif (known := independent(path)) is not None and scan.hounsfield.shape == known.values.shape:
        check_spacing((*pixel_mm[::-1], float(np.linalg.norm(scan.grid.step_mm))), known)
        if np.isfinite(known.values).all() and not scan.is_brain_alone:
            same("HU", scan.hounsfield, np.clip(np.rint(known.values), -1024, 32767))


def head_label(path: Path) -> None:
    """Place a label map on the head and measure it."""
    from HematomaMarkersLib.measurement.measure import measure_scan
    from HematomaMarkersLib.measurement.scan import ScanMeasurement  # noqa: F401  (loads what measures)
    from HematomaMarkersLib.segments import SEGMENTS, place_label_map

    scan = _the_scan()
    placed = place_label_map(path, scan)
    measurement = measure_scan(scan, placed.labels)
    grid = scan.grid
    if path.suffix == ".dcm":
        masks = segment_masks(path, grid.positions_mm, (grid.row_mm, grid.column_mm))
        if masks is not None and masks.keys() == {segment.name for segment in SEGMENTS}:
            hematoma, ventricles = (masks[segment.name] for segment in SEGMENTS)
            same("labels", placed.labels, np.where(hematoma, 1, np.where(ventricles, 2, 0)))
    elif (known := independent(path)) is not None and known.place is not None:
        here = [grid.column_mm * grid.column_axis, grid.row_mm * grid.row_axis, grid.step_mm, grid.positions_mm[0]]
        if np.allclose(known.place, here, atol=1e-4) and known.values.shape == placed.labels.shape:
            same("labels", placed.labels, known.values)
    voxels = sum(np.count_nonzero(one == 1) * ml for one, ml in zip(placed.labels, scan.grid.voxel_ml, strict=True))
    if not np.isclose(measurement.volume_ml, voxels, rtol=1e-3, atol=1e-6):
        raise Wrong(f"volume {measurement.volume_ml} of {voxels}")


def oct_whole(path: Path) -> None:
    """The whole of ``oct-calcium measure``, with its report and pictures."""
    from LesionReadingLib.worker import Terminal
    from OCTCalciumLib.commands import measure

    measure(path, path.parent / "out", Terminal())


def head_whole(path: Path) -> None:
    """The whole of ``hematoma-markers measure`` of a label map that lies on the series beside it."""
    from HematomaMarkersLib.commands import Asked, measure
    from LesionReadingLib.worker import Terminal

    measure(path, path.parent / "series", path.parent / "out", Terminal(), Asked())


def rules(path: Path) -> None:
    """Read the limits of a triage and say them."""
    from HematomaMarkersLib.triage.rules import read_rules, rule_in_words

    rule_in_words(read_rules(path))


def bundle(path: Path) -> None:
    """Read a bundle, without its network."""
    from LesionReadingLib.bundle import described_bundle

    described_bundle(path, "oct-calcium").summary()


def reading(path: Path) -> None:
    """Read a kept reading with its heat maps."""
    from HematomaMarkersLib.labels import MARKERS
    from HematomaMarkersLib.model.kept_reading import read_kept_reading, read_volumes

    volumes = read_volumes(path)
    kept = read_kept_reading(path, (3, 4, 5), is_own=True)
    for marker in MARKERS:
        kept.heat(marker)
        numbers = [kept.thresholds[marker], kept.probabilities[marker] or 0, kept.marker_slices[marker] or 0]
        if not np.isfinite([*volumes, *numbers]).all():
            raise Wrong(f"numbers {volumes} {numbers}")


JOBS = {
    job.__name__: job
    for job in (
        oct_label,
        oct_named,
        oct_volume,
        oct_pullback,
        oct_pictures,
        oct_dicom,
        head_ct,
        head_label,
        oct_whole,
        head_whole,
        rules,
        bundle,
        reading,
    )
}
_scans: list = []


def _the_scan():
    return _scans[0]


def keep_scan(folder: Path) -> None:
    """Read the head that label maps are placed on, once for all cases."""
    from HematomaMarkersLib.reading.read import open_scan
    from HematomaMarkersLib.segments import SEGMENTS
    from LesionReadingLib.labels.read import read_label_map

    _scans.append(open_scan(folder))
    read_label_map(folder.parent / "seg" / "x.dcm", SEGMENTS)  # loads highdicom's tables

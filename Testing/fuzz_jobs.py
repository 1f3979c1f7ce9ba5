"""What the fuzzer runs on a file, compared with what an independent reader says is in it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from fuzz_readers import Wrong, check_slice, independent, pydicom_frames, same


def oct_label(path: Path) -> None:
    """Read and measure a label map as ``oct-calcium measure`` does."""
    from OCTCalciumLib.labels import CALCIUM
    from OCTCalciumLib.measurement import measure_pullback
    from OCTCalciumLib.measurement_json import to_json
    from OCTCalciumLib.segments import read_oct_label_map

    label_map = read_oct_label_map(path)
    measurement = measure_pullback(label_map.labels, label_map.spacing, None)
    to_json(measurement, ())
    known = independent(path)
    if known is None:
        return
    values, spacing = known
    same("labels", label_map.labels, values)
    stated = label_map.spacing
    for name, own, other in zip(
        ("column", "row", "frame"), (stated.column_mm, stated.row_mm, stated.frame_mm), spacing, strict=False
    ):
        if own is not None and not np.isclose(own, other, rtol=1e-4):
            raise Wrong(f"{name} spacing {own} where the file states {other}")
    if stated.known:
        volume = np.count_nonzero(values == CALCIUM) * np.prod([stated.row_mm, stated.column_mm, stated.frame_mm])
        if not np.isclose(measurement.volume_mm3, volume, rtol=1e-3, atol=1e-9):
            raise Wrong(f"volume {measurement.volume_mm3} where {volume} is in the file")


def oct_named(path: Path) -> None:
    """The same with named segments: what they are called may have changed, where they lie may not."""
    from OCTCalciumLib.measurement import measure_pullback
    from OCTCalciumLib.segments import read_oct_label_map

    label_map = read_oct_label_map(path)
    measure_pullback(label_map.labels, label_map.spacing, None)


def oct_volume(path: Path) -> None:
    """Read a pullback from a volume file."""
    from OCTCalciumLib.image_pullback import volume_recording

    oct_pullback(path)
    known = independent(path)
    if known is not None and known[0].dtype == np.uint8:
        recording = volume_recording(path)
        same("frames", np.stack(list(recording.read(0, recording.frame_count))), known[0])


def oct_pullback(path: Path) -> None:
    """Read every frame of a pullback as ``oct-calcium analyze`` does."""
    from OCTCalciumLib.reading import open_pullback

    pullback = open_pullback(path)
    for _ in pullback.read(0, pullback.frame_count):
        pass


def oct_dicom(path: Path) -> None:
    """The same for DICOM, with the stored values."""
    from LesionReadingLib.dicom import open_image, stored_frames

    oct_pullback(path)
    frames = pydicom_frames(path)
    if frames is None:
        return
    image = open_image(path)
    same("stored values", np.stack(list(stored_frames(image, 0, min(len(frames), image.frame_count)))), frames)


def head_ct(path: Path) -> None:
    """Read a head CT; a series has the HU of its files at their places."""
    from HematomaMarkersLib.reading import open_scan

    scan = open_scan(path)
    if path.is_dir():
        for number, file in enumerate(scan.files):
            check_slice(file, scan.hounsfield[number], scan.grid.positions_mm[number], (scan.grid.row_mm, scan.grid.column_mm))
    elif not scan.files:
        known = independent(path)
        if (
            known is not None
            and np.isfinite(known[0]).all()
            and not scan.is_brain_alone
            and scan.hounsfield.shape == known[0].shape
        ):
            same("HU", scan.hounsfield, np.clip(np.rint(known[0]), -1024, 32767))


def head_label(path: Path) -> None:
    """Place a label map on the head and measure it."""
    from HematomaMarkersLib.measurement import measure_scan
    from HematomaMarkersLib.scan_measurement import ScanMeasurement  # noqa: F401  (loads what measures)
    from HematomaMarkersLib.segments import place_label_map

    scan = _the_scan()
    placed = place_label_map(path, scan)
    measurement = measure_scan(scan, placed.labels)
    voxels = sum(np.count_nonzero(one == 1) * ml for one, ml in zip(placed.labels, scan.grid.voxel_ml, strict=True))
    if not np.isclose(measurement.volume_ml, voxels, rtol=1e-3, atol=1e-6):
        raise Wrong(f"volume {measurement.volume_ml} of {voxels}")


def oct_whole(path: Path) -> None:
    """The whole of ``oct-calcium measure``, with its report and pictures."""
    from LesionReadingLib.worker import Terminal
    from OCTCalciumLib.analysis import measure

    measure(path, path.parent / "out", Terminal())


def head_whole(path: Path) -> None:
    """The whole of ``hematoma-markers measure`` of a label map that lies on the series beside it."""
    from HematomaMarkersLib.analysis import Asked, measure
    from LesionReadingLib.worker import Terminal

    measure(path, path.parent / "series", path.parent / "out", Terminal(), Asked())


def rules(path: Path) -> None:
    """Read the limits of a triage and say them."""
    from HematomaMarkersLib.triage_rules import read_rules, rule_in_words

    rule_in_words(read_rules(path))


def bundle(path: Path) -> None:
    """Read a bundle, without its network."""
    from LesionReadingLib.bundle import described_bundle

    described_bundle(path, "oct-calcium").summary()


def reading(path: Path) -> None:
    """Read a kept reading with its heat maps."""
    from HematomaMarkersLib.kept_reading import read_kept_reading, read_volumes
    from HematomaMarkersLib.labels import MARKERS

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
    from HematomaMarkersLib.reading import open_scan
    from HematomaMarkersLib.segments import SEGMENTS
    from LesionReadingLib.labels.read import read_label_map

    _scans.append(open_scan(folder))
    read_label_map(folder.parent / "seg" / "x.dcm", SEGMENTS)  # loads highdicom's tables

"""What the fuzzer runs on files of head CTs, compared with what an independent reader says is in them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from fuzzing.readers.dicom import check_enhanced, check_slice, segment_masks
from fuzzing.readers.pictures import picture
from fuzzing.readers.places import check_voxels, matrix_of
from fuzzing.readers.segmentations import named_labels
from fuzzing.readers.volumes import Wrong, check_spacing, each_study, independent, same

_ROUNDED_HU = 0.51
_scans: list = []


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
    elif (known := independent(path)) is not None and np.isfinite(known.values).all() and not scan.is_brain_alone:
        hounsfield = np.clip(np.rint(known.values), -1024, 32767)
        if (matrix := matrix_of(path)) is not None:
            inside = check_voxels("HU", scan.hounsfield, scan.grid, hounsfield, matrix, -1024)
            if not inside or scan.hounsfield.size != hounsfield.size:
                raise Wrong(f"{scan.hounsfield.size} voxels between those of the file, which has {hounsfield.size}")
        elif scan.hounsfield.shape == hounsfield.shape:
            check_spacing((*pixel_mm[::-1], float(np.linalg.norm(scan.grid.step_mm))), known)
            same("HU", scan.hounsfield, hounsfield)


def head_pictures(path: Path) -> None:
    """Read a head CT from pictures, of typed spacing and window."""
    from HematomaMarkersLib.reading.read import open_scan

    scan = open_scan(path, None, (0.0, 80.0), 10.0, 4.0)
    files = sorted(path.iterdir(), key=lambda file: (len(file.name), file.name))
    if (scan.grid.row_mm, scan.grid.column_mm, scan.grid.spacing.frame_mm) != (4.0, 4.0, 10.0):
        raise Wrong(f"{scan.grid.spacing} where another was typed")
    if len(scan.hounsfield) != len(files):
        raise Wrong(f"{len(scan.hounsfield)} slices of {len(files)} pictures")
    for number, pixels in enumerate(map(picture, files)):
        if pixels is not None and np.abs(scan.hounsfield[number] - pixels * (80 / 255)).max() > _ROUNDED_HU:
            raise Wrong(f"slice {number} is not the picture by the typed window")


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
    elif (known := independent(path)) is not None and (matrix := matrix_of(path)) is not None:
        values = named_labels(known, {segment.name: segment.value for segment in SEGMENTS})
        if values is not None and values.shape == known.values.shape:
            check_voxels("labels", placed.labels, grid, values, matrix, 0)
    voxels = sum(np.count_nonzero(one == 1) * ml for one, ml in zip(placed.labels, scan.grid.voxel_ml, strict=True))
    if not np.isclose(measurement.volume_ml, voxels, rtol=1e-3, atol=1e-6):
        raise Wrong(f"volume {measurement.volume_ml} of {voxels}")


def head_whole(path: Path) -> None:
    """The whole of ``hematoma-markers measure`` of a label map that lies on the series beside it."""
    from HematomaMarkersLib.commands import measure
    from HematomaMarkersLib.options import LabelMapOptions, RunOptions, ScanOptions
    from LesionReadingLib.reporting import Terminal

    options = {"run": RunOptions(), "options": ScanOptions(), "label_map": LabelMapOptions()}
    measure(path, path.parent / "series", path.parent / "out", Terminal(), **options)


def head_batch(path: Path) -> None:
    """Look for head CTs below a folder, and read each."""
    from HematomaMarkersLib.batch import find_scans
    from HematomaMarkersLib.reading.read import open_scan

    each_study(find_scans(path, path / "out"), lambda study: open_scan(study.source, study.options.get("series")))


def _the_scan():
    return _scans[0]


def keep_scan(folder: Path) -> None:
    """Read the head that label maps are placed on, once for all cases."""
    from HematomaMarkersLib.reading.read import open_scan
    from HematomaMarkersLib.segments import SEGMENTS
    from LesionReadingLib.labels.read import read_label_map

    _scans.append(open_scan(folder))
    read_label_map(folder.parent / "seg" / "x.dcm", SEGMENTS)  # loads highdicom's tables

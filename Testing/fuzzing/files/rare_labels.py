"""The rarer ways to store segmentations: Slicer's, cropped or in layers, and DICOM SEG of every type."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from fuzzing.files.rare_volumes import drawn_head, drawn_vessel, written
from fuzzing.subject import Subject


def rare_labels(folder: Path) -> list[Subject]:
    """Draw them below a folder."""
    return [*_slicer(folder), *_seg(folder)]


def _slicer(folder: Path) -> list[Subject]:
    """Segmentations as Slicer stores them: cropped to what is drawn, in layers where segments overlap, and of a head."""
    from HematomaMarkersLib.segments import SEGMENTS as HEAD
    from LesionReadingLib.labels.seg_nrrd import write_seg_nrrd

    pullback, (grid, _scan, labels) = drawn_vessel(), drawn_head()
    subjects = []
    for name, values in (("cropped", pullback.labels[1:, 10:60, 5:55]), ("layers", None)):
        extent, layers = ("5 10 1", values[..., None]) if values is not None else ("0 0 0", _layers(pullback.labels))
        subjects.append(written(folder, f"slicer-{name}", "x.seg.nrrd", _seg_nrrd(layers, pullback, extent), "nrrd", "oct_named"))
    (folder / "rare" / "slicer-head").mkdir()
    write_seg_nrrd(folder / "rare" / "slicer-head" / "x.seg.nrrd", labels, grid, HEAD)
    return [*subjects, Subject("nrrd", "rare/slicer-head", "x.seg.nrrd", "head_label")]


def _layers(labels: np.ndarray) -> np.ndarray:
    """The same segments in two layers: calcium in one, the others in the other."""
    return np.stack([np.where(labels == 1, 1, 0), np.where(labels > 1, labels, 0)], axis=-1).astype(np.uint8)


def _seg_nrrd(layers: np.ndarray, pullback, offset: str) -> bytes:
    """A segmentation of values (frames, rows, columns, layers) by the keys of Slicer's developer guide."""
    from OCTCalciumLib.segments import SEGMENTS

    spacing, several = pullback.spacing, layers.shape[3] > 1
    sizes = " ".join(map(str, ([layers.shape[3]] if several else []) + list(layers.shape[2::-1])))
    steps = [spacing.column_mm, spacing.row_mm, spacing.frame_mm]
    vectors = ["none"] * several + [
        f"({','.join(str(step if one == axis else 0) for one in range(3))})" for axis, step in enumerate(steps)
    ]
    kinds = " ".join(["list"] * several + ["domain"] * 3)
    whole = pullback.labels.shape[::-1]
    geometry = ";".join(["1", "0", "0", "0", "0", "1", "0", "0", "0", "0", "1", "0", "0", "0", "0", "1"])
    geometry += ";" + ";".join(f"0;{size - 1}" for size in whole) + ";"
    keys = {
        "Segmentation_ReferenceImageExtentOffset": offset,
        "Segmentation_ConversionParameters": f"Reference image geometry|{geometry}|Image geometry.",
    }
    for number, segment in enumerate(SEGMENTS):
        keys |= {
            f"Segment{number}_ID": segment.name,
            f"Segment{number}_Name": segment.name,
            f"Segment{number}_LabelValue": str(segment.value),
            f"Segment{number}_Layer": str(int(several and segment.value > 1)),
        }
    lines = [
        "NRRD0004",
        "type: uchar",
        f"dimension: {3 + several}",
        "space: left-posterior-superior",
        f"sizes: {sizes}",
        f"space directions: {' '.join(vectors)}",
        f"kinds: {kinds}",
        "encoding: raw",
        "space origin: (0,0,0)",
        *(f"{key}:={value}" for key, value in keys.items()),
    ]
    return "\n".join(lines).encode() + b"\n\n" + (layers if several else layers[..., 0]).tobytes()


def _seg(folder: Path) -> list[Subject]:
    """DICOM SEG whose segments overlap, that is fractional, and that is a label map; of a pullback."""
    from seg_files import oct_source, write_seg

    place = folder / "rare" / "seg"
    place.mkdir()
    labels = np.zeros((3, 12, 16), np.uint8)
    labels[0, 2:6, 2:9], labels[1, 3:8, 4:11], labels[2, 1:4, 1:4] = 1, 3, 2
    masks = np.stack([labels == 1, labels == 2, labels == 3], axis=-1)
    masks[1, 3:5, 4:6, 0] = True  # calcium over the lumen
    for name, stored, kind in (
        ("binary", labels, "BINARY"),
        ("overlap", masks.astype(np.uint8), "BINARY"),
        ("fractional", masks.astype(np.float32), "FRACTIONAL"),
        ("labelmap", labels, "LABELMAP"),
    ):
        (place / name).mkdir()
        write_seg(place / name / "x.dcm", stored, oct_source(3, 0.05, multi_frame=True), kind)
    return [Subject("seg", f"rare/seg/{name}", "x.dcm", "oct_seg") for name in ("binary", "overlap", "fractional", "labelmap")]

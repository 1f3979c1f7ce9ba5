"""The sound files that the fuzzer breaks: small, drawn by the phantoms, one of every kind that the commands read."""

from __future__ import annotations

import json
import shutil
import zipfile
from pathlib import Path

import numpy as np
from fuzzing.files.kept import draw_kept
from fuzzing.files.rare import draw_rare
from fuzzing.subject import CT, Subject
from LesionReadingLib.geometry.grid import even_grid
from LesionReadingLib.geometry.spacing import Spacing

FRAMES, SIZE = 4, 64


def draw(folder: Path) -> list[Subject]:
    """Draw all files below a folder."""
    return [
        *_draw_vessel(folder / "vessel"),
        *_draw_head(folder / "head"),
        *_draw_others(folder),
        *draw_rare(folder),
        *draw_kept(folder),
    ]


def _draw_vessel(folder: Path) -> list[Subject]:
    import pydicom
    import SimpleITK as sitk
    from LesionReadingLib.labels.seg_nrrd import write_seg_nrrd
    from OCTCalciumLib.phantom.dicom import write_every_variety, write_pictures
    from OCTCalciumLib.phantom.pullback import draw_pullback
    from OCTCalciumLib.segments import SEGMENTS

    varieties = folder / "varieties"
    write_every_variety(varieties, 11, FRAMES, SIZE)
    pullback = draw_pullback(11, FRAMES, SIZE, 0.2)
    write_pictures(varieties / "tiffs", pullback, "tif")
    data = pydicom.dcmread(varieties / "presentation.dcm")
    data.file_meta.TransferSyntaxUID = pydicom.uid.DeflatedExplicitVRLittleEndian
    data.save_as(varieties / "presentation-deflated.dcm", enforce_file_format=True)
    subjects = []
    for name in sorted(file.name for file in varieties.iterdir() if file.suffix == ".dcm"):
        subjects.append(Subject("dicom", _alone(folder, varieties / name), name, "oct_dicom"))
    for name, file in (
        ("frames", sorted((varieties / "frames").iterdir())[1].name),
        ("pictures", "frame2.png"),
        ("tiffs", "frame2.tif"),
    ):
        kind, job = ("dicom", "oct_pullback") if name == "frames" else ("picture", "oct_pictures")
        subjects.append(Subject(kind, f"vessel/varieties/{name}", file, job, "."))
    for kind, array, job in (("volume", pullback.frames, "oct_volume"), ("label", pullback.labels, "oct_label")):
        image = sitk.GetImageFromArray(array)
        image.SetSpacing((pullback.spacing.column_mm, pullback.spacing.row_mm, pullback.spacing.frame_mm))
        for ending, packed in (
            ("nii", False),
            ("nii.gz", True),
            ("nrrd", True),
            ("raw.nrrd", False),
            ("nhdr", True),
            ("mha", False),
            ("packed.mha", True),
            ("mhd", False),
            ("packed.mhd", True),
        ):
            of_its_own = folder / f"{kind}-{ending}"
            of_its_own.mkdir(parents=True)
            sitk.WriteImage(image, str(of_its_own / f"x.{ending}"), useCompression=packed)
            family = "meta" if "mh" in ending else "nifti" if "nii" in ending else "nrrd"
            subjects.append(Subject(family, f"vessel/{of_its_own.name}", f"x.{ending}", job))
    seg = folder / "seg"
    seg.mkdir()
    write_seg_nrrd(seg / "x.seg.nrrd", pullback.labels, even_grid(pullback.labels.shape, pullback.spacing), SEGMENTS)
    subjects.append(Subject("nrrd", "vessel/seg", "x.seg.nrrd", "oct_named"))
    packed = folder / "zip"
    packed.mkdir()
    with zipfile.ZipFile(packed / "x.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(folder / "alone" / "presentation" / "presentation.dcm", "a/presentation.dcm")
    whole = [
        Subject("whole", subject.folder, subject.file, "oct_whole")
        for subject in subjects
        if subject.job in ("oct_label", "oct_named")
    ]
    return [*subjects, *whole, Subject("zip", "vessel/zip", "x.zip", "oct_pullback")]


def _draw_head(folder: Path) -> list[Subject]:
    import SimpleITK as sitk
    from drawn_bleed import a_grid, a_head
    from HematomaMarkersLib.phantom.dicom import SIGNED_PADDED, write_series
    from HematomaMarkersLib.phantom.enhanced import write_enhanced
    from HematomaMarkersLib.segments import SEGMENTS
    from LesionReadingLib.geometry.nrrd import write_nrrd
    from LesionReadingLib.labels.write import write_dicom_seg
    from LesionReadingLib.phantom.compression import compress
    from LesionReadingLib.reading.dicom.source_frame import SourceFrame

    grid = a_grid(pixel_mm=(4.0, 4.0), slice_mm=10.0, tilt_deg=12.0)
    scan, labels = a_head(grid)
    paths = write_series(folder / "series", scan.hounsfield, grid)
    write_series(folder / "padded", scan.hounsfield, grid, storage=SIGNED_PADDED)
    for name in ("enhanced", "rle", "volume", "straight", "labels", "seg", "segrle"):
        (folder / name).mkdir()
    write_enhanced(folder / "enhanced" / "x.dcm", scan.hounsfield, grid)
    compress(folder / "enhanced" / "x.dcm", folder / "rle" / "x.dcm", "rle")
    write_nrrd(folder / "volume" / "x.nrrd", scan.hounsfield, grid)
    write_nrrd(folder / "labels" / "x.nrrd", labels, grid)
    write_dicom_seg(folder / "seg" / "x.dcm", labels, grid, SEGMENTS, [SourceFrame(path) for path in paths])
    straight = sitk.GetImageFromArray(scan.hounsfield)
    straight.SetSpacing((4.0, 4.0, 10.0))
    for ending in ("nii.gz", "mha"):
        sitk.WriteImage(straight, str(folder / "straight" / f"x.{ending}"))
    shutil.copytree(folder / "series", folder / "whole" / "series")
    shutil.copy(folder / "seg" / "x.dcm", folder / "whole")
    middle = paths[len(paths) // 2].name
    return [
        Subject("dicom", CT, middle, "head_ct", "."),
        Subject("dicom", "head/padded", middle, "head_ct", "."),
        Subject("dicom", "head/enhanced", "x.dcm", "head_ct"),
        Subject("dicom", "head/rle", "x.dcm", "head_ct"),
        Subject("nrrd", "head/volume", "x.nrrd", "head_ct"),
        Subject("nifti", "head/straight", "x.nii.gz", "head_ct"),
        Subject("meta", "head/straight", "x.mha", "head_ct"),
        Subject("nrrd", "head/labels", "x.nrrd", "head_label"),
        Subject("seg", "head/seg", "x.dcm", "head_label"),
        Subject("whole", "head/whole", "x.dcm", "head_whole"),
        Subject("whole", "head/whole", f"series/{middle}", "head_whole", "x.dcm"),
    ]


def _draw_others(folder: Path) -> list[Subject]:
    from HematomaMarkersLib.labels import MARKERS
    from HematomaMarkersLib.triage.rules import SHIPPED_RULES
    from LesionReadingLib.geometry.nrrd import write_nrrd
    from LesionReadingLib.model.bundle import model_folders

    (folder / "rules").mkdir()
    shutil.copy(SHIPPED_RULES, folder / "rules" / "x.toml")
    shipped = next(parent for parent in model_folders() if (parent / "oct_calcium_two_step").is_dir()) / "oct_calcium_two_step"
    (folder / "bundle" / "configs").mkdir(parents=True)
    (folder / "bundle" / "models").mkdir()
    shutil.copy(shipped / "configs" / "metadata.json", folder / "bundle" / "configs")
    weights = np.arange(64, dtype="<f4").tobytes()
    header = json.dumps({"a": {"dtype": "F32", "shape": [64], "data_offsets": [0, 256]}}).encode()
    (folder / "bundle" / "models" / "model.safetensors").write_bytes(len(header).to_bytes(8, "little") + header + weights)
    reading = folder / "reading"
    reading.mkdir()
    (reading / "measurements.json").write_text(json.dumps(_a_reading(MARKERS)))
    for marker in MARKERS:
        write_nrrd(reading / f"heat_{marker}.nrrd", np.ones((3, 4, 5), np.float32), even_grid((3, 4, 5), Spacing(1.0, 1.0, 1.0)))
    return [
        Subject("rules", "rules", "x.toml", "rules"),
        Subject("bundle", "bundle", "configs/metadata.json", "bundle", "."),
        Subject("bundle", "bundle", "models/model.safetensors", "bundle", "."),
        Subject("reading", "reading", "measurements.json", "reading", "."),
        Subject("reading", "reading", f"heat_{MARKERS[0]}.nrrd", "reading", "."),
    ]


def _a_reading(markers) -> dict:
    """What ``kept_reading`` reads back, for a scan of three slices."""
    marks = {marker: {"probability": 0.25, "evidence": {}} for marker in markers}
    return {
        "schema": "hematoma-markers/1",
        "volume_ml": 12.5,
        "ivh_ml": 0.0,
        "markers": marks,
        "slices": [{"slice": number, "area_mm2": 100.0, "markers": marks} for number in range(3)],
        "thresholds": dict.fromkeys(markers, 0.5),
        "marker_slices": dict.fromkeys(markers, 1),
        "model": {"name": "phantom", "network": "drawn", "weights_sha256": "0" * 64},
    }


def _alone(folder: Path, file: Path) -> str:
    """A folder of its own for a file, as files beside it may be read too."""
    own = folder / "alone" / file.stem
    own.mkdir(parents=True)
    shutil.move(file, own / file.name)
    return f"vessel/alone/{file.stem}"

"""The rarer ways to write NIfTI, NRRD and MetaImage, and what is drawn in all rare files."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
from fuzzing.subject import Subject

_AFFINE = 280


def rare_volumes(folder: Path) -> list[Subject]:
    """Draw them below a folder."""
    return [*_nifti(folder), *_nrrd(folder), *_meta(folder)]


def nifti(values: np.ndarray, steps_mm, order: str = "<", way: str = "both", slope: float = 0.0) -> bytes:
    """A NIfTI-1 file of values (slices, rows, columns), written from the standard's table of its header.

    Args:
        steps_mm: of columns, rows and slices. way: "both" forms, "qform" or "sform" alone, "none", or "left": a qform of qfac -1.
    """
    header = bytearray(352)
    codes = {"u1": 2, "i2": 4, "i4": 8, "f4": 16, "f8": 64, "i1": 256, "u2": 512, "u4": 768, "i8": 1024, "u8": 1280}
    struct.pack_into(order + "i", header, 0, 348)
    struct.pack_into(order + "8h", header, 40, values.ndim, *values.shape[::-1], *[1] * (7 - values.ndim))
    struct.pack_into(order + "2h", header, 70, codes[values.dtype.str[1:]], 8 * values.dtype.itemsize)
    struct.pack_into(order + "8f", header, 76, -1.0 if way == "left" else 1.0, *steps_mm, 0, 0, 0, 0)
    struct.pack_into(order + "3f", header, 108, 352.0, slope, 0.0)
    header[123] = 2
    struct.pack_into(order + "2h", header, 252, way in ("both", "qform", "left"), way in ("both", "sform"))
    if way != "qform":
        for row in range(3):
            struct.pack_into(order + "f", header, _AFFINE + 16 * row + 4 * row, steps_mm[row])
    header[344:348] = b"n+1\0"
    return bytes(header) + values.astype(order + values.dtype.str[1:]).tobytes()


def _nifti(folder: Path) -> list[Subject]:
    pullback, (grid, scan, _labels) = drawn_vessel(), drawn_head()
    spacing = pullback.spacing
    steps = (spacing.column_mm, spacing.row_mm, spacing.frame_mm)
    head = (grid.column_mm, grid.row_mm, grid.spacing.frame_mm)
    nan = float("nan")
    files = {
        "label-qform": ("oct_label", nifti(pullback.labels, steps, way="qform")),
        "label-left": ("oct_label", nifti(pullback.labels.astype("i2"), steps, way="left")),
        "label-int64": ("oct_label", nifti(pullback.labels.astype("i8"), steps)),
        "label-big": ("oct_label", nifti(pullback.labels.astype("i4"), steps, ">")),
        "label-float": ("oct_label", nifti(pullback.labels.astype("f4"), steps)),
        "label-nan-slope": ("oct_label", nifti(pullback.labels, steps, slope=nan)),
        "volume-big": ("oct_volume", nifti(pullback.frames.astype("u2") * 200, steps, ">", "sform")),
        "volume-float": ("oct_volume", nifti(pullback.frames.astype("f4"), steps, way="none")),
        "head-qform": ("head_ct", nifti(scan.hounsfield.astype("i2"), head, way="qform")),
        "head-left": ("head_ct", nifti(scan.hounsfield.astype("i4"), head, way="left")),
        "head-big": ("head_ct", nifti(scan.hounsfield.astype("f8"), head, ">", "sform")),
        "head-slope": ("head_ct", nifti((scan.hounsfield.astype("i2") // 2), head, slope=2.0)),
    }
    subjects = []
    for name, (job, content) in files.items():
        subjects.append(written(folder, f"nifti-{name}", "x.nii", content, "nifti", job))
    return subjects


def written(folder: Path, name: str, file: str, content: bytes, kind: str, job: str) -> Subject:
    place = folder / "rare" / name
    place.mkdir(parents=True)
    (place / file).write_bytes(content)
    return Subject(kind, f"rare/{name}", file, job)


def _nrrd(folder: Path) -> list[Subject]:
    """Data of its own file, spacing axis by axis, floats, big endian, text."""
    pullback, (grid, scan, labels) = drawn_vessel(), drawn_head()
    spacing = pullback.spacing
    steps = f"{spacing.column_mm} {spacing.row_mm} {spacing.frame_mm}"
    vectors = [
        np.array2string(axis, separator=",", formatter={"all": "{:.6f}".format}).replace("[", "(").replace("]", ")")
        for axis in (grid.column_mm * grid.column_axis, grid.row_mm * grid.row_axis, grid.step_mm, grid.positions_mm[0])
    ]
    place = f"space: left-posterior-superior\nspace directions: {' '.join(vectors[:3])}\nspace origin: {vectors[3]}\n"

    def header(kind: str, values: np.ndarray, more: str) -> bytes:
        sizes = " ".join(map(str, values.shape[::-1]))
        return f"NRRD0004\ntype: {kind}\ndimension: 3\nsizes: {sizes}\n{more}".encode()

    drawn = [
        (
            "axes",
            "oct_label",
            header("uchar", pullback.labels, f"spacings: {steps}\nencoding: raw\n\n") + pullback.labels.tobytes(),
        ),
        (
            "float",
            "oct_label",
            header("float", pullback.labels, f"spacings: {steps}\nencoding: raw\nendian: little\n\n")
            + pullback.labels.astype("<f4").tobytes(),
        ),
        (
            "big",
            "oct_label",
            header("short", pullback.labels, f"spacings: {steps}\nkinds: domain domain domain\nencoding: raw\nendian: big\n\n")
            + pullback.labels.astype(">i2").tobytes(),
        ),
        (
            "text",
            "oct_label",
            header("int", pullback.labels, f"spacings: {steps}\nencoding: ascii\n\n")
            + " ".join(map(str, pullback.labels.ravel().tolist())).encode(),
        ),
        (
            "head-big",
            "head_ct",
            header("short", scan.hounsfield, f"{place}encoding: raw\nendian: big\n\n") + scan.hounsfield.astype(">i2").tobytes(),
        ),
        (
            "head-label-short",
            "head_label",
            header("short", labels, f"{place}encoding: raw\nendian: little\n\n") + labels.astype("<i2").tobytes(),
        ),
    ]
    subjects = [written(folder, f"nrrd-{name}", "x.nrrd", content, "nrrd", job) for name, job, content in drawn]
    for name, job, values, kind, space in (
        ("detached", "oct_label", pullback.labels, "uchar", f"spacings: {steps}\n"),
        ("head-detached", "head_ct", scan.hounsfield.astype("<i2"), "short", f"{place}endian: little\n"),
    ):
        content = header(kind, values, f"{space}encoding: raw\ndata file: x.raw\n")
        subjects.append(written(folder, f"nrrd-{name}", "x.nhdr", content, "nrrd", job))
        (folder / "rare" / f"nrrd-{name}" / "x.raw").write_bytes(values.tobytes())
    return subjects


def _meta(folder: Path) -> list[Subject]:
    pullback = drawn_vessel()
    spacing = pullback.spacing
    lines = "ObjectType = Image\nNDims = 3\nBinaryData = True\nBinaryDataByteOrderMSB = {}\nDimSize = {}\nElement{} = {}\n{}"
    sizes = " ".join(map(str, pullback.labels.shape[::-1]))
    steps = f"{spacing.column_mm} {spacing.row_mm} {spacing.frame_mm}"
    last = "ElementType = MET_{}\nElementDataFile = LOCAL\n"
    big = lines.format("True", sizes, "Spacing", steps, last.format("SHORT")).encode() + pullback.labels.astype(">i2").tobytes()
    real = lines.format("False", sizes, "Spacing", steps, last.format("FLOAT")).encode() + pullback.labels.astype("<f4").tobytes()
    return [
        written(folder, "meta-big", "x.mha", big, "meta", "oct_label"),
        written(folder, "meta-float", "x.mha", real, "meta", "oct_label"),
    ]


def drawn_vessel():
    from OCTCalciumLib.phantom.pullback import draw_pullback

    return draw_pullback(11, 4, 64, 0.2)


def drawn_head():
    from drawn_bleed import a_grid, a_head

    grid = a_grid(pixel_mm=(4.0, 4.0), slice_mm=10.0, tilt_deg=0.0)
    return grid, *a_head(grid)

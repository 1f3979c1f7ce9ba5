"""More sound files for the fuzzer: the rarer ways in which scanners, converters and annotators write the same things."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

import numpy as np
from fuzzing.files.rare_labels import rare_labels
from fuzzing.files.rare_volumes import drawn_head, drawn_vessel, rare_volumes
from fuzzing.subject import CT, Subject

_JAPANESE = (["", "ISO 2022 IR 87"], "Yamada^Tarou=山田^太郎")


def draw_rare(folder: Path) -> list[Subject]:
    """Draw them beside the others, of which the series of the head and the vessel's presentation are taken."""
    return [
        *_dicom(folder),
        *rare_volumes(folder),
        *rare_labels(folder),
        *_pictures(folder),
        *_folders(folder),
    ]


def _dicom(folder: Path) -> list[Subject]:
    """Other byte orders, charsets, encodings and depths."""
    import pydicom
    from LesionReadingLib.phantom.compression import compress

    vessel, head, drawn = folder / "rare" / "oct", folder / "rare" / "ct", []
    source = folder / "vessel" / "alone" / "presentation" / "presentation.dcm"
    for name in ("implicit", "big-endian", "japanese", "unicode", "deep"):
        data = pydicom.dcmread(source)
        _vary(data, name)
        drawn.append(_saved(data, vessel / name, name))
    (vessel / "jpeg-ls").mkdir()
    compress(source, vessel / "jpeg-ls" / "x.dcm", "jpeg-ls")
    subjects = [Subject("dicom", f"rare/oct/{path.name}", "x.dcm", "oct_dicom") for path in (*drawn, vessel / "jpeg-ls")]
    series = sorted((folder / CT).iterdir())
    for name in ("implicit", "big-endian", "jpeg-2000", "jpeg-lossless", "jpeg-ls"):
        (head / name).mkdir(parents=True)
        for file in series:
            if name.startswith("jpeg"):
                compress(file, head / name / file.name, name)
            else:
                data = pydicom.dcmread(file)
                _vary(data, name)
                _saved(data, head / name, name, file.name)
        subjects.append(Subject("dicom", f"rare/ct/{name}", series[len(series) // 2].name, "head_ct", "."))
    (head / "enhanced").mkdir()
    compress(folder / "head" / "enhanced" / "x.dcm", head / "enhanced" / "x.dcm", "jpeg-2000")
    return [*subjects, Subject("dicom", "rare/ct/enhanced", "x.dcm", "head_ct")]


def _vary(data, name: str) -> None:
    if name == "japanese":
        data.SpecificCharacterSet, data.PatientName = _JAPANESE
    elif name == "unicode":
        data.SpecificCharacterSet, data.SeriesDescription = "ISO_IR 192", "血管 é"
    elif name == "deep":
        frames = data.pixel_array.astype("<u2") * 16
        data.BitsAllocated, data.BitsStored, data.HighBit = 16, 12, 11
        data.PixelData = frames.tobytes()
        data["PixelData"].VR = "OW"
    elif name == "big-endian" and data.BitsAllocated == 16:
        data.PixelData = np.frombuffer(data.PixelData, "<u2").astype(">u2").tobytes()


def _saved(data, folder: Path, name: str, file: str = "x.dcm") -> Path:
    from pydicom.uid import ExplicitVRBigEndian, ImplicitVRLittleEndian

    syntax = {"implicit": ImplicitVRLittleEndian, "big-endian": ExplicitVRBigEndian}.get(name)
    folder.mkdir(parents=True, exist_ok=True)
    if syntax is None:
        data.save_as(folder / file, enforce_file_format=True)
        return folder
    written_as(data, folder / file, syntax)
    return folder


def written_as(data, file: Path, syntax) -> None:
    """Write a DICOM data set without compression in another order of bytes or way to tell the kind of values."""
    import pydicom

    for _element in data.iterall():  # what is not decoded yet would be written as it is
        pass
    data.file_meta.TransferSyntaxUID = syntax
    ways = {"implicit_vr": syntax.is_implicit_VR, "little_endian": syntax.is_little_endian}
    pydicom.dcmwrite(file, data, **ways, force_encoding=True)


def _pictures(folder: Path) -> list[Subject]:
    """Pages of one TIFF, palettes, 16 bits, JPEG, BMP; and slices of a head."""
    from PIL import Image

    frames, subjects = drawn_vessel().frames, []
    for name, ending in (
        ("palette", "png"),
        ("deep", "png"),
        ("jpeg", "jpg"),
        ("bmp", "bmp"),
        ("packed", "tif"),
        ("opaque", "png"),
    ):
        place = folder / "rare" / f"pictures-{name}"
        place.mkdir()
        for number, frame in enumerate(frames):
            image = Image.fromarray(frame.astype(np.uint16) * 200 if name == "deep" else frame)
            if name == "palette":
                image.putpalette([value for grey in range(256) for value in (grey, grey // 2, grey // 3)])
            if name == "opaque":
                image = image.convert("RGBA")
            image.save(place / f"frame{number + 1}.{ending}", **({"compression": "tiff_lzw"} if name == "packed" else {}))
        subjects.append(Subject("picture", f"rare/pictures-{name}", f"frame2.{ending}", "oct_pictures", "."))
    (folder / "rare" / "pages").mkdir()
    pages = [Image.fromarray(frame) for frame in frames]
    pages[0].save(folder / "rare" / "pages" / "x.tif", save_all=True, append_images=pages[1:])
    slices = folder / "rare" / "slices"
    slices.mkdir()
    for number, one in enumerate(drawn_head()[1].hounsfield):
        Image.fromarray(np.clip(one * 3.2, 0, 255).astype(np.uint8)).save(slices / f"s{number + 1}.png")
    return [
        *subjects,
        Subject("picture", "rare/pages", "x.tif", "oct_pictures"),
        Subject("picture", "rare/slices", "s3.png", "head_pictures", "."),
    ]


def _folders(folder: Path) -> list[Subject]:
    """Folders of studies, an archive and a disc with its DICOMDIR."""
    from pydicom.fileset import FileSet

    studies = folder / "rare" / "studies"
    shutil.copytree(folder / CT, studies / "a" / "ct")
    shutil.copytree(folder / "vessel" / "alone" / "presentation", studies / "b")
    shutil.copytree(folder / "vessel" / "varieties" / "pictures", studies / "c")
    shutil.copytree(folder / "vessel" / "label-nrrd", studies / "d")
    with_archive = folder / "rare" / "archive"
    with_archive.mkdir()
    with zipfile.ZipFile(with_archive / "x.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted((folder / CT).iterdir()):
            archive.write(file, f"a/b/{file.name}")
    disc, files = folder / "rare" / "disc", FileSet()
    for file in sorted((folder / CT).iterdir()):
        files.add(file)
    files.write(disc)
    middle = f"a/ct/{sorted((folder / CT).iterdir())[3].name}"
    return [
        Subject("folder", "rare/studies", middle, "head_batch", "."),
        Subject("folder", "rare/studies", "b/presentation.dcm", "oct_batch", "."),
        Subject("zip", "rare/archive", "x.zip", "head_ct"),
        Subject("dicom", "rare/disc", "DICOMDIR", "head_ct"),
    ]

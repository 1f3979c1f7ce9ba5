"""Nothing that names a patient, a person, a place or an order leaves a scan for an output, a log or an error."""

from __future__ import annotations

import html
import json
import zlib
from datetime import datetime

import numpy as np
import pydicom
import pytest
from HematomaMarkersLib.__main__ import main as hematoma_markers
from HematomaMarkersLib.phantom import draw_head
from HematomaMarkersLib.phantom_dicom import Acquisition, write_series
from HematomaMarkersLib.segments import SEGMENTS as HEAD_SEGMENTS
from LesionReadingLib.labels.seg_nrrd import write_grid_seg_nrrd
from LesionReadingLib.phantom.identity import IDENTITY, PRIVATE_NOTE
from OCTCalciumLib.__main__ import main as oct_calcium
from OCTCalciumLib.phantom import draw_pullback
from OCTCalciumLib.phantom_dicom import BIRTH_DATE, write_presentation, write_truth

FILE_NAME = "HOSHIZORA Akari 星空 1950"  # hospitals name folders and files after patients
PATIENT_ID = "KARTE-0815-77"


def secrets(*more: str) -> list[bytes]:
    """Every value, and every part of a name, in every form in which a file or a terminal could show it."""
    names = [
        part for value in IDENTITY.values() for part in value.replace("=", "^").split("^") if len(part) > 3 or not part.isascii()
    ]
    values = {*IDENTITY.values(), *names, PRIVATE_NOTE, "HOSHIZORA", "Akari", "星空", *more}
    forms = set()
    for value in values:
        forms |= {value.encode(), value.encode("iso2022_jp"), json.dumps(value)[1:-1].encode(), html.escape(value).encode()}
        forms |= {value.encode("utf-16-le"), value.encode("ascii", "xmlcharrefreplace")}
    return sorted(form for form in forms if len(form) > 3)


def leaks(folder, said: str, *more: str) -> list[tuple[str, bytes]]:
    """Where a secret occurs: in the bytes of a file of the folder, in its name, or in what was said."""
    held = {path.name: path.read_bytes() + path.name.encode() for path in folder.rglob("*") if path.is_file()}
    held |= {f"{name}, unpacked": _unpacked(content) for name, content in held.items()}
    held["what was said"] = said.encode()
    return [(name, secret) for name, content in held.items() for secret in secrets(*more) if secret in content]


def _unpacked(content: bytes) -> bytes:
    """What a gzip stream in a file holds, as NRRD has it after its header."""
    start = content.find(b"\x1f\x8b\x08")
    try:
        return zlib.decompressobj(31).decompress(content[start:]) if start >= 0 else b""
    except zlib.error:
        return b""


@pytest.fixture(scope="module")
def a_head(tmp_path_factory):
    folder = tmp_path_factory.mktemp("head") / FILE_NAME
    head = draw_head(1012, size=128, slice_mm=8.0, tilt_deg=0.0, volume_ml=24.0, location="putamen", wanted=frozenset())
    for name, when in (("first", datetime(2024, 3, 1, 8, 30)), ("later", datetime(2024, 3, 1, 14, 30))):
        write_series(folder / name, head.hounsfield, head.grid, Acquisition(patient_id=PATIENT_ID, acquired=when))
    write_grid_seg_nrrd(folder / f"{FILE_NAME}.seg.nrrd", head.labels, head.grid, HEAD_SEGMENTS, "phantom")
    return folder


@pytest.fixture(scope="module")
def a_vessel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("vessel") / FILE_NAME
    folder.mkdir()
    pullback = draw_pullback(11, 4, 128)
    write_presentation(folder / f"{FILE_NAME}.dcm", pullback)
    write_truth(folder / f"{FILE_NAME}.nrrd", pullback)
    return folder


def test_the_secrets_are_found_where_they_are(a_head, a_vessel):
    """The test can fail: the inputs themselves leak nearly all of it."""
    found = {secret for _, secret in leaks(a_head, "", PATIENT_ID, "19500101")}
    assert {value.encode("iso2022_jp") for value in IDENTITY.values() if "=" not in value} <= found
    assert leaks(a_vessel, "", BIRTH_DATE)
    assert leaks(a_vessel, "ERROR: 幻影^太郎")


def test_head_ct_measured_leaks_nothing(a_head, tmp_path, capfd):
    arguments = ["measure", str(a_head / f"{FILE_NAME}.seg.nrrd"), "--ct", str(a_head / "first"), "-o", str(tmp_path / "r")]
    assert hematoma_markers(arguments) == 0
    assert (tmp_path / "r/segmentation.dcm").exists()
    assert leaks(tmp_path / "r", "".join(capfd.readouterr()), PATIENT_ID, "19500101") == []


def test_head_ct_analysed_with_an_earlier_scan_leaks_nothing(a_head, tmp_path, capfd):
    arguments = ["analyze", str(a_head / "later"), "--prior", str(a_head / "first"), "-o", str(tmp_path / "r")]
    assert hematoma_markers(arguments) == 0
    assert leaks(tmp_path / "r", "".join(capfd.readouterr()), PATIENT_ID, "19500101") == []


def test_a_pullback_analysed_and_measured_leaks_nothing(a_vessel, tmp_path, capfd):
    file = str(a_vessel / f"{FILE_NAME}.dcm")
    assert oct_calcium(["analyze", file, "-o", str(tmp_path / "r")]) == 0
    truth = str(a_vessel / f"{FILE_NAME}.nrrd")
    assert oct_calcium(["measure", truth, "--pullback", file, "-o", str(tmp_path / "m")]) == 0
    said = "".join(capfd.readouterr())
    assert leaks(tmp_path / "r", said, BIRTH_DATE) == []
    assert leaks(tmp_path / "m", said, BIRTH_DATE) == []


def test_an_error_never_repeats_what_a_header_says(a_head, tmp_path, capfd):
    """A file name may be in the sentence about it, as the person typed it; the header's values may not."""
    broken = tmp_path / "ct"
    broken.mkdir()
    for number, path in enumerate(sorted((a_head / "first").iterdir())):
        data = pydicom.dcmread(path)
        data.ImagePositionPatient = [0, 0, 0]
        data.PixelSpacing = [1, 1] if number % 2 else [2, 2]
        data.save_as(broken / path.name)
    assert hematoma_markers(["measure", str(a_head / f"{FILE_NAME}.seg.nrrd"), "--ct", str(broken), "-o", str(tmp_path / "r")]) == 2
    said = "".join(capfd.readouterr())
    assert not (tmp_path / "r").exists()
    assert [secret for secret in secrets(PATIENT_ID) if secret in said.encode() and b"HOSHI" not in secret] == []


def test_a_segments_name_is_told_but_never_written(a_head, tmp_path, capfd):
    """People name segments after patients; who runs the command has to know which was left out."""
    from LesionReadingLib.nrrd import grid_axes_mm, write_nrrd

    head = draw_head(1012, size=64, slice_mm=8.0, tilt_deg=0.0, volume_ml=24.0, location="putamen", wanted=frozenset())
    keys = {"Segment0_Name": "Hematoma", "Segment0_LabelValue": "1", "Segment1_Name": "星空さん ROI", "Segment1_LabelValue": "5"}
    labels = np.where(head.labels == 1, 1, 0).astype(np.uint8)
    write_nrrd(tmp_path / "a.seg.nrrd", labels, grid_axes_mm(head.grid), head.grid.positions_mm[0], keys)
    write_series(tmp_path / "ct", head.hounsfield, head.grid)
    assert hematoma_markers(["measure", str(tmp_path / "a.seg.nrrd"), "--ct", str(tmp_path / "ct"), "-o", str(tmp_path / "r")]) == 0
    out = capfd.readouterr().out
    assert "星空さん" in out or json.dumps("星空さん")[1:-1] in out
    assert leaks(tmp_path / "r", "") == []
    assert "left out as other tissue" in (tmp_path / "r/report.html").read_text(encoding="utf-8")

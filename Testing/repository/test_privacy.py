"""Nothing that names a patient, a person, a place or an order leaves a scan for an output, a log or an error."""

from __future__ import annotations

import numpy as np
import pydicom
import pytest
from HematomaMarkersLib.__main__ import main as hematoma_markers
from HematomaMarkersLib.phantom.dicom import Acquisition, write_series
from HematomaMarkersLib.phantom.patient import draw_head
from identity_leaks import FILE_NAME, leaks, secrets
from LesionReadingLib.geometry.nrrd import write_nrrd
from LesionReadingLib.phantom.identity import IDENTITY
from OCTCalciumLib.__main__ import main as oct_calcium
from OCTCalciumLib.phantom.dicom import BIRTH_DATE, write_presentation, write_truth
from OCTCalciumLib.phantom.pullback import draw_pullback

PATIENT_ID = "KARTE-0815-77"


@pytest.fixture(scope="module")
def a_head(tmp_path_factory):
    folder = tmp_path_factory.mktemp("head") / FILE_NAME
    head = draw_head(1012, size=128, slice_mm=8.0, tilt_deg=0.0, volume_ml=24.0, location="putamen", wanted=frozenset())
    write_series(folder / "first", head.hounsfield, head.grid, Acquisition(patient_id=PATIENT_ID))
    keys = {"Segment0_Name": "Hematoma", "Segment0_LabelValue": "1", "Segment1_Name": "星空さん ROI", "Segment1_LabelValue": "5"}
    labels = (head.labels == 1).astype(np.uint8)
    write_nrrd(folder / f"{FILE_NAME}.seg.nrrd", labels, head.grid, keys)
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
    """The names of segments neither: people name them after patients."""
    arguments = ["measure", str(a_head / f"{FILE_NAME}.seg.nrrd"), "--ct", str(a_head / "first"), "-o", str(tmp_path / "r")]
    assert hematoma_markers(arguments) == 0
    assert (tmp_path / "r/segmentation.dcm").exists()
    assert leaks(tmp_path / "r", "".join(capfd.readouterr()), PATIENT_ID, "19500101") == []
    assert "left out as other tissue" in (tmp_path / "r/report.html").read_text(encoding="utf-8")


def test_a_pullback_analysed_and_measured_leaks_nothing(a_vessel, tmp_path, capfd):
    file = str(a_vessel / f"{FILE_NAME}.dcm")
    assert oct_calcium(["analyze", file, "-o", str(tmp_path / "r")]) == 0
    truth = str(a_vessel / f"{FILE_NAME}.nrrd")
    assert oct_calcium(["measure", truth, "--pullback", file, "-o", str(tmp_path / "m")]) == 0
    printed = "".join(capfd.readouterr())
    assert (tmp_path / "r/segmentation.dcm").exists() and (tmp_path / "m/segmentation.dcm").exists()
    assert leaks(tmp_path / "r", printed, BIRTH_DATE) == []
    assert leaks(tmp_path / "m", printed, BIRTH_DATE) == []


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
    printed = "".join(capfd.readouterr())
    assert not (tmp_path / "r").exists()
    assert [secret for secret in secrets(PATIENT_ID) if secret in printed.encode() and b"HOSHI" not in secret] == []

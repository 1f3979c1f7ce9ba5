"""Free text can name a patient: a word planted wherever text may stand is in no output, unless the person asks for it."""

from __future__ import annotations

import base64
import json
import re
import subprocess
import sys
import zlib
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np
import pydicom
import pytest
from commands import environment
from HematomaMarkersLib.__main__ import main as hematoma_markers
from HematomaMarkersLib.phantom.dicom import Acquisition, write_series
from HematomaMarkersLib.phantom.patient import draw_head
from HematomaMarkersLib.segments import SEGMENTS
from LesionReadingLib.geometry.grid import even_grid, matrix_grid
from LesionReadingLib.geometry.nrrd import write_nrrd
from LesionReadingLib.labels.write import write_dicom_seg
from LesionReadingLib.reading.dicom.source_frame import SourceFrame
from OCTCalciumLib.__main__ import main as oct_calcium
from OCTCalciumLib.phantom.dicom import write_presentation, write_truth
from OCTCalciumLib.phantom.pullback import draw_pullback
from pydicom.datadict import DicomDictionary
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

WORD = "Qzxyama"
"""Looks like nothing that a program would write; every planted text begins with it."""

TEXT = ("LO", "SH", "ST", "LT", "UT", "PN", "UC")
OF_THE_SCANNER = {"Manufacturer", "ManufacturerModelName", "ConvolutionKernel", "RescaleType"}
"""Text that the scanner writes by itself and that a report tells (DICOM PS3.15 table E.1-1 does not list it)."""

MEANS_SOMETHING = {"ContrastBolusAgent"}  # any text here says that contrast agent was given
GROUPS = (0x0008, 0x0010, 0x0018, 0x0020, 0x0032, 0x0040, 0x0088)


def plant(data: Dataset) -> None:
    """Write the word into every element of text that DICOM knows, at top level and below, and into private ones."""
    data.SpecificCharacterSet = "ISO_IR 192"
    for tag, (vr, _, _, retired, keyword) in DicomDictionary.items():
        if vr in TEXT and tag >> 16 in GROUPS and keyword not in OF_THE_SCANNER | MEANS_SOMETHING and not retired:
            data.add_new(tag, vr, f"{WORD}{tag & 0xFFFF:04X}"[:16])
    request = Dataset()
    request.ScheduledProcedureStepDescription = request.RequestedProcedureDescription = WORD
    data.RequestAttributesSequence = Sequence([request])
    data.private_block(0x0009, WORD, create=True).add_new(0x01, "LO", WORD)


def unpacked(content: bytes) -> bytes:
    """A file's bytes with what is packed or encoded in it: gzip after an NRRD header, PNG's streams, pictures inside a page."""
    more = [content]
    for found in re.finditer(rb"\x1f\x8b\x08|\x78[\x01\x5e\x9c\xda]", content[:4_000_000]):
        try:
            more.append(zlib.decompressobj(47).decompress(content[found.start() :], 50_000_000))
        except zlib.error:
            continue
        break
    more += [base64.b64decode(one) for one in re.findall(rb"base64,([A-Za-z0-9+/=]+)", content)]
    return b"\n".join(more)


def where_found(folder: Path, printed: str) -> set[str]:
    """Names of the outputs that hold the word in any form: file names, contents, what was said."""
    held = {
        str(path.relative_to(folder)): path.name.encode() + unpacked(path.read_bytes())
        for path in folder.rglob("*")
        if path.is_file()
    }
    held["standard output"] = printed.encode()
    forms = [WORD.encode(), WORD.lower().encode(), WORD.upper().encode(), WORD.encode("utf-16-le"), json.dumps(WORD)[1:-1].encode()]
    return {name for name, content in held.items() if any(form in content for form in forms)}


def run(command: Callable[[list[str]], int], capfd, output: Path, *arguments) -> str:
    """What a command that ends well says on standard output; on standard error it says nothing."""
    status = command([*map(str, arguments), "-o", str(output)])
    out, err = capfd.readouterr()
    assert (status, err) == (0, ""), out
    return out


@pytest.fixture(scope="module")
def a_head(tmp_path_factory):
    """A head of two kernels, its label map, and limits of triage: all planted, files and folders named with the word too."""
    folder = tmp_path_factory.mktemp("head") / f"{WORD} folder"
    head = draw_head(1012, size=128, slice_mm=8.0, tilt_deg=0.0, volume_ml=24.0, location="putamen", wanted=frozenset())
    for number, kernel in ((1, "H31s"), (2, "H70h")):
        acquisition = Acquisition(series_number=number, kernel=kernel, patient_id=WORD, description=WORD)
        for path in write_series(folder / f"{WORD} ct" / f"{WORD} {number}", head.hounsfield, head.grid, acquisition):
            planted(path)
    labels = (head.labels == 1).astype(np.uint8)
    labels[0, :3, :3] = 2
    names = [f"Hematoma {WORD}", f"{WORD} ROI"]
    segments = [replace(segment, name=name) for segment, name in zip(SEGMENTS, names, strict=True)]
    segments[1] = replace(segments[1], type=("SCT", "85756007", "Tissue"))
    files = sorted((folder / f"{WORD} ct" / f"{WORD} 1").iterdir(), key=lambda file: pydicom.dcmread(file).ImagePositionPatient[2])
    write_dicom_seg(folder / f"{WORD}.seg.dcm", labels, head.grid, segments, [SourceFrame(file) for file in files])
    planted(folder / f"{WORD}.seg.dcm")
    keys = {"Segment0_Name": names[0], "Segment0_LabelValue": "1", "Segment1_Name": names[1], "Segment1_LabelValue": "2"}
    write_nrrd(folder / f"{WORD}.seg.nrrd", labels, head.grid, keys)
    (folder / f"{WORD}.toml").write_text("[refer_now]\nvolume_ml = 20\n")
    return folder


def planted(path: Path) -> None:
    """Plant the word into a DICOM file and into its name."""
    data = pydicom.dcmread(path)
    plant(data)
    data.save_as(path)
    if WORD not in path.name:
        path.rename(path.with_name(f"{WORD} {path.name}"))


@pytest.fixture(scope="module")
def a_vessel(tmp_path_factory):
    """A pullback as DICOM and its label map, planted."""
    folder = tmp_path_factory.mktemp("vessel") / f"{WORD} folder"
    folder.mkdir()
    pullback = draw_pullback(11, 4, 128)
    write_presentation(folder / f"{WORD}.dcm", pullback)
    planted(folder / f"{WORD}.dcm")
    write_truth(folder / f"{WORD}.nrrd", pullback)
    keys = {f"Segment{number}_Name": f"{WORD} {name}" for number, name in enumerate(("calcium", "wire", "lumen", "ROI"))}
    keys |= {f"Segment{number}_LabelValue": str(number + 1) for number in range(4)}
    spacing = pullback.spacing
    labels = pullback.labels.astype(np.uint8)
    labels[0, :3, :3] = 4
    write_nrrd(folder / f"{WORD}.seg.nrrd", labels, even_grid(labels.shape, spacing), keys)
    return folder


def head_results(folder: Path, capfd, output: Path, *more: str) -> set[str]:
    """Where the word is told after an analysis and a measurement of two kinds of label map."""
    ct, limits = folder / f"{WORD} ct", ["--triage", folder / f"{WORD}.toml"]
    printed = run(hematoma_markers, capfd, output / "analyzed", "analyze", ct, *limits, *more)
    for kind in ("seg.dcm", "seg.nrrd"):
        asked = ["measure", folder / f"{WORD}.{kind}", "--ct", ct, "--prior", output / "analyzed", *limits, *more]
        printed += run(hematoma_markers, capfd, output / kind, *asked)
    return where_found(output, printed)


def vessel_results(folder: Path, capfd, output: Path, *more: str) -> set[str]:
    pullback = folder / f"{WORD}.dcm"
    printed = run(oct_calcium, capfd, output / "analyzed", "analyze", pullback, *more)
    asked = ["measure", folder / f"{WORD}.seg.nrrd", "--pullback", pullback, *more]
    return where_found(output, printed + run(oct_calcium, capfd, output / "measured", *asked))


def test_nothing_planted_in_a_head_ct_is_told(a_head, tmp_path, capfd):
    assert head_results(a_head, capfd, tmp_path) == set()


def test_nothing_planted_in_a_pullback_is_told(a_vessel, tmp_path, capfd):
    assert vessel_results(a_vessel, capfd, tmp_path) == set()


def test_a_person_who_asks_is_told(a_head, a_vessel, tmp_path, capfd):
    """And the search finds the word where it is."""
    ct, limits = a_head / f"{WORD} ct", a_head / f"{WORD}.toml"
    asked = ["measure", a_head / f"{WORD}.seg.nrrd", "--ct", ct, "--triage", limits, "--with-identity"]
    printed = run(hematoma_markers, capfd, tmp_path / "head", *asked)
    places = where_found(tmp_path / "head", printed)
    assert places == {"report.html", "measurements.json", "segmentation.dcm", "standard output"}
    page = (tmp_path / "head" / "report.html").read_text(encoding="utf-8")
    facts = ("Series description", "Study description", "Protocol", "Institution", "Station", "Device serial number", f"{WORD} ct")
    assert [fact for fact in facts if fact not in page] == []
    asked = ["measure", a_vessel / f"{WORD}.seg.nrrd", "--pullback", a_vessel / f"{WORD}.dcm", "--with-identity"]
    printed = run(oct_calcium, capfd, tmp_path / "vessel", *asked)
    assert where_found(tmp_path / "vessel", printed) == {"report.html", "segmentation.dcm", "standard output"}
    assert f"{WORD} ROI" in printed and f"{WORD}103E" in (tmp_path / "vessel" / "report.html").read_text(encoding="utf-8")


AT_A_FAULT = """
import sys
from LesionReadingLib.worker import run_and_report
def job(report):
    try:
        float("{word}")
    except ValueError as error:
        raise KeyError("{word}") from error
sys.exit(run_and_report(job, {json}, {named}))
"""


@pytest.mark.parametrize("as_json", [False, True])
@pytest.mark.parametrize("named", [False, True])
def test_a_fault_of_ours_tells_where_and_never_what_the_value_was(as_json, named):
    code = AT_A_FAULT.format(word=WORD, json=as_json, named=named)
    environ = environment("OCTCalciumLib") | {"LESION_READING_JSON_LINES": "0"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environ)
    assert done.returncode == 1
    assert (WORD in done.stdout + done.stderr) == named
    assert ("(KeyError" in done.stderr and done.stderr.count("\n") == 1) or named
    if as_json:
        details = json.loads(done.stdout)["details"]
        assert details.count("Traceback") == 2 and "ValueError" in details and "KeyError" in details


def test_a_series_is_chosen_by_its_number_and_named_only_where_asked(tmp_path, capfd):
    """The refusal lists those that are there."""
    head = draw_head(1012, size=64, slice_mm=8.0, tilt_deg=0.0, volume_ml=24.0, location="putamen", wanted=frozenset())
    for number in (1, 2):
        acquisition = Acquisition(series_number=number, description=f"{WORD} {number}", acquired=datetime(2024, 3, 1, 8, number))
        write_series(tmp_path / "ct" / str(number), head.hounsfield, head.grid, acquisition)
    for more, named in (([], False), (["--with-identity"], True)):
        assert hematoma_markers(["analyze", str(tmp_path / "ct"), "--series", "9", "-o", str(tmp_path / "out"), *more]) == 2
        printed = capfd.readouterr().err
        assert "there are 1" in printed and (WORD in printed) == named, printed


def test_segments_that_are_not_known_are_told_by_their_numbers(tmp_path, capfd):
    labels = np.zeros((4, 32, 32), np.uint8)
    labels[:, 8:16, 8:16], labels[:, 20:24, 20:24] = 3, 7
    keys = {"Segment0_Name": WORD, "Segment0_LabelValue": "3", "Segment1_Name": f"{WORD} two", "Segment1_LabelValue": "7"}
    write_nrrd(tmp_path / "a.seg.nrrd", labels, matrix_grid(labels.shape, np.diag([0.02, 0.02, 0.2]), np.zeros(3)), keys)
    for more, named in (([], False), (["--with-identity"], True)):
        assert oct_calcium(["measure", str(tmp_path / "a.seg.nrrd"), "-o", str(tmp_path / "out"), *more]) == 2
        printed = capfd.readouterr().err
        assert "3" in printed and "7" in printed and (WORD in printed) == named, printed
    assert oct_calcium(["measure", str(tmp_path / "a.seg.nrrd"), "-o", str(tmp_path / "out"), "--segment", "3=calcium"]) == 0

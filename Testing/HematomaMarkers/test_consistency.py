"""Headline, volumes, signs, evidence, tables and JSON follow one rule for what counts as a hematoma: nothing contradicts."""

from __future__ import annotations

import csv
import json
import re
from dataclasses import dataclass
from html import unescape

import numpy as np
import pytest
from drawn_bleed import a_network_result
from drawn_head import head_on
from drawn_hematoma import grid_around_origin, in_ellipsoid, places_mm
from grids import some_slices
from HematomaMarkersLib.labels import HEMATOMA, INTRAVENTRICULAR, MARKERS
from HematomaMarkersLib.measurement.measure import measure_scan
from HematomaMarkersLib.measurement.plausibility import doubts
from HematomaMarkersLib.measurement.scan import ScanMeasurement
from HematomaMarkersLib.presenting.case import Case, Pictures
from HematomaMarkersLib.presenting.first_screen import SHIPPED_CONSEQUENCES
from HematomaMarkersLib.presenting.measurements_json import findings_json
from HematomaMarkersLib.presenting.report import write_report
from HematomaMarkersLib.presenting.tables import write_markers, write_slices
from HematomaMarkersLib.reading.scan import Scan
from HematomaMarkersLib.triage.decision import Decision, Triage
from HematomaMarkersLib.triage.findings import findings_of
from HematomaMarkersLib.triage.rules import read_rules
from LesionReadingLib.presenting.consequences import Consequences
from LesionReadingLib.presenting.study import study_of

GRID = grid_around_origin(size=110, pixel_mm=(1.8, 1.8), steps_mm=(5.0,) * 31)
PLACES = places_mm(GRID)
VENTRICLES = in_ellipsoid(PLACES, (6, 30, 10), (14, -5, 10)) | in_ellipsoid(PLACES, (6, 30, 10), (-14, -5, 10))
BRAIN = head_on(GRID) == 35


def ball(volume_ml: float, centre=(32.0, -5.0, 10.0)) -> np.ndarray:
    """About this volume, away from ventricles and skull; at least a voxel."""
    away = np.linalg.norm(PLACES - np.array(centre), axis=-1)
    count = max(1, round(volume_ml / GRID.voxel_ml[0]))
    return away <= np.sort(away, axis=None)[count - 1]


def specks() -> np.ndarray:
    """Single pixels (3.2 mm2), many on every slice of the brain."""
    mask = np.zeros(GRID.shape, bool)
    mask[:, 30:80:7, 30:80:7] = True
    return mask & BRAIN


def drawn(hematoma=None, ventricular=None, blood_hu: float = 60.0) -> tuple[Scan, np.ndarray]:
    labels = np.zeros(GRID.shape, np.uint8)
    if ventricular is not None:
        labels[ventricular] = INTRAVENTRICULAR
    if hematoma is not None:
        labels[hematoma] = HEMATOMA
    hounsfield = head_on(GRID).astype(float)
    hounsfield[VENTRICLES] = 8
    hounsfield[labels > 0] = blood_hu
    hounsfield += np.random.default_rng(0).normal(0, 2, GRID.shape)
    return Scan(np.round(hounsfield).astype(np.int16), GRID, np.array([0.0, 1.0, 0.0])), labels


HALF_A_VENTRICLE = VENTRICLES & (PLACES[..., 1] > 0) & (PLACES[..., 0] > 0)
SINUS = in_ellipsoid(PLACES, (3.5, 22, 4.5), (0, 58, 6))
CASES = {
    "empty": (drawn(), Decision.NONE_FOUND),
    "one voxel": (drawn(ball(0.0)), Decision.NONE_FOUND),
    "0.08 mL": (drawn(ball(0.08)), Decision.NONE_FOUND),
    "0.4 mL": (drawn(ball(0.4)), Decision.UNCERTAIN),
    "0.6 mL": (drawn(ball(0.6)), Decision.UNCERTAIN),
    "1.2 mL": (drawn(ball(1.2)), Decision.WATCH),
    "specks on every slice": (drawn(specks()), Decision.UNCERTAIN),
    "some in a ventricle": (drawn(None, HALF_A_VENTRICLE), Decision.REFER_NOW),
    "straight sinus": (drawn(None, SINUS), Decision.UNCERTAIN),
    "little in a sinus": (drawn(None, SINUS & (PLACES[..., 1] > 66) & (PLACES[..., 2] > 4)), Decision.NONE_FOUND),
    "2 mL": (drawn(ball(2.0)), Decision.REFER_NOW),  # the network sees every sign in it
    "28 mL": (drawn(ball(28.0)), Decision.REFER_NOW),
    "565 mL": (drawn(ball(565.0, (0, 0, 0)) & BRAIN), Decision.NO_VERDICT),
    "bone": (drawn(ball(20.0), blood_hu=858.0), Decision.NO_VERDICT),
    "fluid": (drawn(ball(20.0), blood_hu=8.0), Decision.NO_VERDICT),
    "fluid in the ventricles": (drawn(None, VENTRICLES, blood_hu=8.0), Decision.NO_VERDICT),
}


@dataclass(frozen=True, eq=False)
class Written:
    """All that a result says of one case."""

    measurement: ScanMeasurement
    decided: Triage
    text: str
    numbers: dict
    markers: dict[str, dict[str, str]]
    slices: list[dict[str, str]]


@pytest.fixture(scope="module", params=CASES, ids=CASES)
def written(request, tmp_path_factory) -> Written:
    """A network that sees every sign in whatever was marked, and all that is then written."""
    (scan, labels), _ = CASES[request.param]
    folder = tmp_path_factory.mktemp("case")
    measured = measure_scan(scan, labels)
    model = {"name": "a_model", "data_source": "1000 computed heads."}
    network = a_network_result(scan, labels, dict.fromkeys(MARKERS, 0.97), 0.4, model=model)
    findings = findings_of(measured, network, None, read_rules())
    write_report(
        folder / "report.html",
        Case(scan, labels, findings),
        Pictures(),
        rules=read_rules(),
        study=study_of((), labels),
        consequences=Consequences(SHIPPED_CONSEQUENCES),
    )
    write_markers(folder / "markers.csv", findings)
    write_slices(folder / "slices.csv", findings)
    numbers = findings_json(findings, "")
    with open(folder / "markers.csv", newline="") as file:
        markers = {row["marker"]: row for row in csv.DictReader(file)}
    with open(folder / "slices.csv", newline="") as file:
        slices = list(csv.DictReader(file))
    page = re.sub(r"<(style|title).*?</\1>", "", (folder / "report.html").read_text(), flags=re.S)
    text = " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).split())
    return Written(measured, findings.triage, text, json.loads(json.dumps(numbers, allow_nan=False)), markers, slices)


def test_the_decision_is_the_expected_one_and_stands_on_top(written, request):
    expected = next(decision for name, (_, decision) in CASES.items() if f"[{name}]" in request.node.name)
    assert written.decided.decision == expected == written.numbers["triage"]["code"]
    assert written.text.startswith(written.decided.title.upper())


def test_what_does_not_count_has_no_sign_anywhere(written):
    says_signs = ("network yes", "Seen by", "of 5", "seen by network", "Signs that predict growth", "Hematoma of")
    if written.measurement.has_hematoma:
        assert (
            f"Hematoma of {written.measurement.volume_ml:.0f}"[:-1] in written.text and "Signs that predict growth" in written.text
        )
        assert all(bool(row["network probability"]) == written.measurement.shows_signs for row in written.markers.values())
        return
    body = written.text.partition("Rule of the decision")[0]
    assert not [sign for sign in says_signs if sign in body]
    assert written.decided.bat is None and written.numbers["triage"]["bat"] is None
    assert not any(row["network probability"] or row["measured"] != "0" for row in written.markers.values())
    assert not any(row[f"probability of {marker}"] for row in written.slices for marker in MARKERS)
    for marker in MARKERS:
        sign = written.numbers["markers"][marker]
        assert sign["probability"] is None and not sign["evidence"]["found"]
        assert not any(
            row["markers"][marker]["evidence"] or row["markers"][marker]["probability"] for row in written.numbers["slices"]
        )
    assert written.numbers["shape_scale"] is None and written.numbers["sphericity"] is None


def test_a_hematoma_too_small_to_show_signs_is_told_as_such_and_no_sign_is_named_or_denied(written):
    measured = written.measurement
    assert written.numbers["shows_signs"] == (measured.has_hematoma and measured.volume_ml >= 1.5)
    if measured.shows_signs or not measured.has_hematoma:
        assert "judged" not in written.text.partition("Rule of the decision")[0].replace("No sign is judged", "")
        return
    assert written.text.count("this sign cannot be told") == written.text.count(": not judged Not judged: on a") == len(MARKERS)
    assert written.text.count("Signs: not judged, as they cannot be told on a hematoma under 1.5 mL.") == 1
    for title in ("BAT score", "Margin shape"):
        assert f"{title} not judged hematoma under 1.5 mL" in written.text
    body = written.text.partition("Rule of the decision")[0]
    for word in ("97 %", "not seen", "disagree", "by measurement", "no answer", "of patients with this sign", "of 5"):
        assert word not in body
    for row in written.markers.values():
        assert not row["measured"] and not row["network slice (from 0)"] and row["evidence"].startswith("Not judged")


def test_volumes_are_those_of_the_label_map_and_never_written_as_nothing_where_something_is(written):
    assert written.numbers["volume_ml"] == pytest.approx(written.measurement.volume_ml)
    assert "None" not in written.text.replace("None of the reasons", "") and "nan" not in written.text.lower().split()
    assert not re.search(r"(Hematoma|Only|marked) (of )?0\.0 mL|: 0\.0 mL marked", written.text)
    if written.measurement.volume_ml > 0 and not written.measurement.has_hematoma:
        assert "marked" in written.text


def test_none_found_and_no_verdict_name_no_hematoma(written):
    if written.decided.decision in (Decision.NONE_FOUND, Decision.NO_VERDICT):
        assert not written.numbers["has_hematoma"]
        assert "REFER NOW" not in written.text.partition("Rule of the decision")[0]


def test_every_page_says_once_what_is_not_looked_for_and_what_the_network_learnt_from(written):
    assert written.text.count("subarachnoid blood is not looked for") == 1
    assert written.text.count("It was trained on: 1000 computed heads.") == 1
    assert written.text.index("subarachnoid") < written.text.index("Rule of the decision")


def test_an_uncertain_page_names_a_slice_that_shows_it(written):
    assert bool(written.decided.look_at) == (written.decided.decision == Decision.UNCERTAIN)
    for number in written.decided.look_at:
        shown = written.measurement.slices[number]
        assert shown.area_mm2 or shown.ivh_area_mm2
        assert f"LOOK AT SLICE {number + 1}" in written.text


@pytest.mark.parametrize(
    ("volume_ml", "ivh_ml", "mean_hu", "ivh_mean_hu", "brain_ml", "count"),
    [
        (40, 5, 60, 50, 1400, 0),
        (200, 60, 55, 50, 1400, 0),
        (565, 0, 60, None, 1400, 1),
        (250, 120, 60, 50, None, 1),
        (90, 0, 60, None, 150, 1),
        (90, 0, 60, None, None, 0),
        (10, 0, 858, None, 1400, 1),
        (10, 0, 12, None, 1400, 1),
        (10, 5, -60, 300, 1400, 2),
        (10, 5, None, None, None, 0),
    ],
)
def test_what_cannot_be_blood_is_told(volume_ml, ivh_ml, mean_hu, ivh_mean_hu, brain_ml, count):
    assert len(doubts(volume_ml, ivh_ml, mean_hu, ivh_mean_hu, brain_ml)) == count


def test_a_hematoma_larger_than_half_of_what_the_scan_shows_of_the_brain_is_doubted():
    few = slice(13, 17)
    grid = some_slices(GRID, few)
    labels = np.where(BRAIN & (PLACES[..., 1] < 25), HEMATOMA, 0).astype(np.uint8)[few]
    hounsfield = np.where(labels, 60, head_on(GRID)[few]).astype(np.int16)
    measured = measure_scan(Scan(hounsfield, grid), labels)
    assert 100 < measured.volume_ml < 300
    assert any("skull encloses" in doubt for doubt in measured.doubts) and not measured.has_hematoma

"""Blood outside the brain, which no contour shows: every place that a reader or a program looks at tells of it."""

from __future__ import annotations

from dataclasses import replace

import browser
import numpy as np
import pytest
from browser import listening_page
from drawn_bleed import a_grid, a_head, a_network_result
from HematomaMarkersLib.batch import COLUMNS
from HematomaMarkersLib.labels import MARKERS
from HematomaMarkersLib.measurement.measure import measure_scan
from HematomaMarkersLib.measurement.outside_blood import OutsideBlood
from HematomaMarkersLib.presenting.case import Case
from HematomaMarkersLib.presenting.first_screen import SHIPPED_CONSEQUENCES, first_screen
from HematomaMarkersLib.presenting.headline import finding, numbers
from HematomaMarkersLib.presenting.measurements_json import findings_json
from HematomaMarkersLib.presenting.pictures import draw_pictures
from HematomaMarkersLib.presenting.present import present
from HematomaMarkersLib.presenting.scrolling import scroll_of
from HematomaMarkersLib.triage.decision import Decision
from HematomaMarkersLib.triage.findings import findings_of
from HematomaMarkersLib.triage.rules import read_rules
from LesionReadingLib.presenting.consequences import Consequences
from LesionReadingLib.presenting.report import Number

a_browser = browser.a_browser
SLICE = 1
COLUMN = "blood outside the brain"


def seen(outside_ml: float, labels: np.ndarray | None = None) -> Case:
    """A head of which a network marks nothing but blood outside the brain, most of it on one slice."""
    scan, bleed = a_head(a_grid())
    labels = np.zeros_like(bleed) if labels is None else labels
    network = a_network_result(scan, labels, dict.fromkeys(MARKERS), 0.5)
    network = replace(network, outside=OutsideBlood(outside_ml, SLICE))
    return Case(scan, labels, findings_of(measure_scan(scan, labels), network, None, read_rules()))


def test_a_large_one_is_told_on_top_in_the_row_of_a_batch_and_in_the_file_for_programs():
    case = seen(80.0)
    written = findings_json(case.findings, "")
    assert case.findings.triage.decision == Decision.UNCERTAIN and written["outside_blood"]["seen"]
    assert numbers(case)[-1] == Number("Outside the brain", "blood suspected", "not measured; slice 2")
    assert COLUMNS[COLUMN](written) == "suspected on slice 2"
    assert "80" not in f"{numbers(case)} {case.findings.triage.reasons} {COLUMNS[COLUMN](written)}"  # marked, not measured


@pytest.mark.parametrize("outside_ml", [0.0, 1.0])
def test_too_little_of_it_is_told_nowhere(outside_ml):
    case = seen(outside_ml)
    assert case.findings.triage.decision == Decision.NONE_FOUND and "outside" not in str(numbers(case)).lower()
    assert COLUMNS[COLUMN](findings_json(case.findings, "")) is None and case.named_slices == ()
    assert COLUMNS[COLUMN]({}) is None  # a result folder of an earlier version


def test_the_page_begins_with_its_slice_and_shows_a_picture_of_it(tmp_path):
    case = seen(80.0)
    count = case.grid.slice_count
    assert scroll_of(case).start == SLICE != scroll_of(seen(0.0)).start
    assert count > 12 and f"slice_{SLICE + 1:03d}.png" in {one.file.name for one in draw_pictures(tmp_path, case).key}


def test_the_link_to_the_slice_in_the_heading_stands_out_from_its_colour_as_the_heading_does(a_browser, tmp_path):
    present(tmp_path, seen(80.0), read_rules())
    page = listening_page(a_browser, tmp_path / "report.html", 1400)
    page.wait_for_selector(".triage h1 a")
    heading, link = (page.eval_on_selector(one, "one => getComputedStyle(one).color") for one in (".triage h1", ".triage h1 a"))
    assert link == heading == "rgb(255, 255, 255)"


def test_what_is_read_out_on_the_phone_does_not_leave_it_out():
    _scan, labels = a_head(a_grid())
    suspected = "Blood outside the brain is suspected (slice 2)."
    assert (finding(seen(80.0)), finding(seen(1.0))) == (suspected, "")
    assert finding(seen(80.0, labels)) == f"{finding(seen(1.0, labels))} {suspected}"


def test_beside_a_hematoma_the_page_begins_with_the_hematoma_and_shows_both():
    _scan, labels = a_head(a_grid())
    case = seen(80.0, labels)
    assert scroll_of(case).start == case.measurement.abc2.slice and SLICE in case.named_slices


def test_what_to_do_speaks_of_no_number_near_a_limit_and_the_rule_names_it():
    findings = seen(80.0).findings
    meaning = first_screen(findings, read_rules(), Consequences(SHIPPED_CONSEQUENCES)).meanings[0]
    assert "number" not in meaning.text and "error" not in meaning.source and "reason to refer now" in meaning.text
    assert "Blood outside the brain is not measured: where a network sees it, watch, uncertain" in findings.triage.rule


def test_it_is_told_where_what_was_marked_in_the_brain_cannot_be_blood():
    _scan, labels = a_head(a_grid())
    bone = replace(seen(80.0, labels).findings.measurement, doubts=("Bone was marked.",))
    decided = findings_of(bone, seen(80.0).network, None, read_rules()).triage
    assert decided.decision == Decision.NO_VERDICT and decided.reasons[0] == "Bone was marked."
    assert decided.reasons[1].startswith("Blood outside the brain") and len(decided.reasons) == 2

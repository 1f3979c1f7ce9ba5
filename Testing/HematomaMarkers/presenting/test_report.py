"""The report of a head CT as a neurosurgeon on the phone meets it, in a real browser without a network."""

from __future__ import annotations

import csv
import re
from dataclasses import replace

import browser
import numpy as np
import pytest
from browser import listening_page
from drawn_bleed import HEMATOMA_MIDDLE_MM, HEMATOMA_RADII_MM, PRONE, SUPINE, a_grid, a_head, a_network_result
from grids import some_slices
from HematomaMarkersLib.colors import COLORS
from HematomaMarkersLib.growth.expansion import growth_of_volumes
from HematomaMarkersLib.labels import BLEND, FLUID_LEVEL, HEMATOMA, HYPODENSITY, IRREGULAR_MARGIN, MARKER_NAMES, MARKERS
from HematomaMarkersLib.measurement.markers.sureness import Sureness
from HematomaMarkersLib.measurement.measure import measure_scan
from HematomaMarkersLib.presenting.case import Case
from HematomaMarkersLib.presenting.first_screen import SHIPPED_CONSEQUENCES, first_screen
from HematomaMarkersLib.presenting.headline import side_of_hematoma
from HematomaMarkersLib.presenting.present import present
from HematomaMarkersLib.presenting.tables import write_slices
from HematomaMarkersLib.triage.findings import findings_of
from HematomaMarkersLib.triage.rules import read_rules
from LesionReadingLib.presenting.consequences import Consequences
from matplotlib.colors import to_rgb
from PIL import Image

a_browser = browser.a_browser
WIDTHS = (390, 1280)
MODEL = {
    "name": "a_model",
    "version": "1.2.3",
    "data_source": "1000 phantom heads <script>",
    "eval_metrics": {"phantom": {"auc": {"blend": 0.91}, "dice": 0.885}},
}


@pytest.fixture(scope="module")
def measured():
    scan, labels = a_head(a_grid())
    scan = replace(
        scan,
        notes=("Slice 3 is missing; its neighbours stand for it.",),
        details={"Kernel": "H30 & brain"},
        warnings=("The blood vessels are bright: contrast medium?",),
    )
    return scan, labels, measure_scan(scan, labels)


def reported(folder, scan, labels, measurement, model=None, **given):
    """Write a report of a mask that was measured, and give its file."""
    network = None if model is None else a_network_result(scan, labels, dict.fromkeys(MARKERS), 0.5, model=model)
    present(folder, Case(scan, labels, findings_of(measurement, network, None, read_rules(), **given)), read_rules())
    return folder / "report.html"


@pytest.fixture(scope="module")
def a_report(tmp_path_factory, measured):
    return reported(tmp_path_factory.mktemp("report"), *measured, model=MODEL, location="putamen")


@pytest.fixture(scope="module")
def a_page(a_browser, a_report):
    return listening_page(a_browser, a_report, WIDTHS[1])


def opened(browser, file, width=WIDTHS[1]):
    page = browser.new_page(viewport={"width": width, "height": 800})
    page.goto(file.as_uri())
    return page


@pytest.mark.parametrize("width", WIDTHS)
def test_the_decision_stands_first_and_stands_out(a_browser, a_report, width):
    page = opened(a_browser, a_report, width)
    first = page.locator("body").inner_text().split("\n")[0]
    assert first == "REFER NOW"
    place = page.locator("h1").bounding_box()
    assert place["y"] < 60
    colour = page.evaluate("getComputedStyle(document.querySelector('h1')).backgroundColor")
    red, green, blue = map(int, re.findall(r"\d+", colour)[:3])
    assert red > 150 > 60 > max(green, blue)
    reasons = page.locator("header li").all_inner_texts()
    assert any("Blood in the ventricles" in reason and "limit 0.5 mL" in reason for reason in reasons)
    page.close()


@pytest.mark.parametrize("width", WIDTHS)
def test_the_page_fits_its_window_and_can_be_read(a_browser, a_report, width):
    page = opened(a_browser, a_report, width)
    page.evaluate("document.querySelectorAll('details').forEach(part => part.open = true)")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    shown = "Array.from(document.querySelectorAll('h1, h2, h3, p, li, dt, dd, small, figcaption, img, .bar, .tick span'))"
    beyond = f"{shown}.filter(one => one.getBoundingClientRect().right > innerWidth + 0.5).map(one => one.outerHTML.slice(0, 80))"
    assert page.evaluate(beyond) == []
    smallest = page.evaluate(f"Math.min(...{shown}.map(one => parseFloat(getComputedStyle(one).fontSize)))")
    assert smallest >= 12
    pictures = page.evaluate("Array.from(document.querySelectorAll('.grid img'), one => one.getBoundingClientRect().width)")
    assert min(pictures) > 160
    page.close()


def test_the_page_needs_nothing_but_itself(a_page, a_report):
    assert [url for url in a_page.asked_for if not url.startswith("data:")] == [a_report.as_uri()]
    assert a_report.stat().st_size < 3_000_000
    policy = a_page.locator("meta[http-equiv=Content-Security-Policy]").get_attribute("content")
    assert "default-src 'none'" in policy and "script-src 'sha256-" in policy and "unsafe" not in policy.split("script-src")[1]


def test_every_picture_loads_and_has_words_for_who_cannot_see_it(a_page):
    pictures = a_page.evaluate("Array.from(document.images, image => [image.complete, image.naturalWidth, image.alt])")
    assert len(pictures) >= 8
    assert all(complete and width > 300 and words for complete, width, words in pictures)


def test_the_numbers_are_those_of_the_measurement(a_page, measured):
    _, labels, measurement = measured
    voxel_ml = 2 * 2 * 5 / 1000
    assert measurement.volume_ml == pytest.approx((labels == HEMATOMA).sum() * voxel_ml)
    shown = a_page.locator(".numbers").inner_text()
    assert f"{(labels == HEMATOMA).sum() * voxel_ml:.1f} mL" in shown
    assert f"ABC/2: {measurement.abc2_ml:.1f} mL" in shown
    assert "putamen" in shown
    assert "as chosen" in shown


def test_the_slice_table_is_the_mask_counted(a_page, measured):
    labels = measured[1]
    rows = a_page.evaluate(
        "Array.from(document.querySelectorAll('details table tr'), row => Array.from(row.cells, cell => cell.textContent))"
    )
    listed = {int(row[0]) - 1: (row[2], row[3]) for row in rows[1:]}
    counted = {
        number: (
            f"{(plane == HEMATOMA).sum() * 0.04:.2f} cm²",
            f"{(plane == 2).sum() * 0.04:.2f} cm²" if (plane == 2).any() else "",
        )
        for number, plane in enumerate(labels)
        if plane.any()
    }
    assert listed == counted


def test_the_csv_of_slices_has_units_and_every_slice(measured, tmp_path):
    _, labels, measurement = measured
    write_slices(tmp_path / "slices.csv", findings_of(measurement, None, None, read_rules()))
    with open(tmp_path / "slices.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(labels)
    assert [float(row["hematoma area (mm2)"]) for row in rows] == [(plane == HEMATOMA).sum() * 4.0 for plane in labels]
    assert [float(row["extent (mm)"]) for row in rows] == [5.0] * len(labels)
    assert [float(row["height above the lowest slice (mm)"]) for row in rows] == [5.0 * number for number in range(len(labels))]
    assert not any("probability" in name for name in rows[0])


def test_the_csv_of_markers_has_the_evidence_and_no_network(a_report, measured):
    with open(a_report.parent / "markers.csv", newline="") as file:
        rows = {row["marker"]: row for row in csv.DictReader(file)}
    assert tuple(rows) == MARKERS
    for marker, evidence in measured[2].evidence.items():
        assert rows[marker]["evidence"] == evidence.sentence
        assert rows[marker]["measured"] == str(int(evidence.found))
        assert rows[marker]["network probability"] == rows[marker]["network and measurement agree"] == ""


def test_notes_warnings_details_and_model_are_told_and_escaped(a_page):
    text = a_page.locator("body").inner_text()
    for sentence in (
        "Slice 3 is missing",
        "bright: contrast medium?",
        "H30 & brain",
        "1000 phantom heads <script>",
        "AUC blend 0.91",
        "phantom results",
        "Window 0 to 80 HU",
        "the patient's left (L) is on the right",
    ):
        assert sentence in text


def test_the_notice_stands_there_once(a_page):
    assert a_page.locator("body").inner_text().lower().count("not a medical device") == 1


def test_without_a_network_nothing_is_said_of_one(a_browser, measured, tmp_path):
    page = opened(a_browser, reported(tmp_path, *measured))
    text = page.locator("header, .numbers, .marker").all_inner_texts()
    assert not any("etwork" in part for part in text)
    assert page.locator(".bar").count() == 0
    assert page.locator("h2", has_text="Model").count() == 0
    page.close()


def test_a_printed_report_takes_at_most_three_pages(a_browser, a_report):
    page = opened(a_browser, a_report)
    pages = len(re.findall(rb"/Type\s*/Page\b", page.pdf(prefer_css_page_size=True)))
    assert 2 <= pages <= 3
    page.close()


def test_without_a_scan_the_contours_are_shown_and_what_is_not_known_is_said(a_browser, measured, tmp_path):
    _, labels, with_scan = measured
    log = []
    measurement = measure_scan(None, labels, with_scan.grid)
    present(tmp_path, Case(None, labels, findings_of(measurement, None, None, read_rules())), read_rules(), log=log.append)
    page = opened(a_browser, tmp_path / "report.html", 390)
    text = page.locator("body").inner_text()
    assert "signs in the density (hypodensity, blend sign, fluid level) could not be assessed" in text
    assert "Window" not in text
    assert page.locator(".grid img").count() == labels.any(axis=(1, 2)).sum()
    assert "contours only" in log[0]
    page.close()


def test_an_empty_mask_says_that_none_was_found_and_shows_the_scan(a_browser, measured, tmp_path):
    scan, labels, _ = measured
    empty = np.zeros_like(labels)
    page = opened(a_browser, reported(tmp_path, scan, empty, measure_scan(scan, empty)), 390)
    text = page.locator("body").inner_text()
    assert text.startswith("NO HEMATOMA FOUND")
    assert "subdural" in text
    assert text.count("is not") + text.count("are not looked for") >= 1
    assert page.locator(".grid img").count() == 12
    assert page.locator(".marker").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.close()


HARD = {
    "bleeds_under_1_ml": {"found": 5, "count": 7},
    "bleeds_1_to_3_ml": {"found": 10, "count": 12},
    "bleeds_over_3_ml": {"found": 8, "count": 9},
    "marked_without_blood": {"found": 4, "count": 11},
}


def certainty(scan, labels, model):
    network = a_network_result(scan, labels, dict.fromkeys(MARKERS), 0.5, model=model)
    findings = findings_of(measure_scan(scan, labels), network, None, read_rules())
    return " ".join(first_screen(findings, read_rules(), Consequences(SHIPPED_CONSEQUENCES)).certainty)


def test_where_nothing_is_marked_the_first_screen_tells_how_many_bleeds_are_found(measured):
    scan, labels, _ = measured
    model = {"eval_metrics": {"wide": HARD}}
    missed, false = (
        "5 of 7 bleeds under 1 mL were found, 10 of 12 of 1 to 3 mL and 8 of 9 larger ones",
        "marked in 4 of 11 that had none",
    )
    nothing, some = certainty(scan, np.zeros_like(labels), model), certainty(scan, labels, model)
    assert missed in nothing and false not in nothing
    assert false in some and missed not in some


def test_how_often_ranges_held_is_told_of_ordinary_and_of_hard_heads(measured):
    scan, labels, _ = measured
    network = a_network_result(scan, labels, dict.fromkeys(MARKERS), 0.5, model={"eval_metrics": {}})
    sureness = Sureness(volume_ml=(9.0, 14.0), probabilities=dict.fromkeys(MARKERS), slice=None)
    figures = {"ranges": {"volume": {"held": 32, "count": 37}}}
    for hard, sentence in (
        ({}, "32 of 37 heads; in"),
        ({"volumes_in_range": {"held": 60, "count": 90}}, "37 heads, and in 60 of 90 that"),
    ):
        model = {"eval_metrics": figures | {"wide": hard}}
        findings = findings_of(measure_scan(scan, labels), replace(network, sureness=sureness, model=model), None, read_rules())
        assert sentence in " ".join(first_screen(findings, read_rules(), Consequences(SHIPPED_CONSEQUENCES)).certainty)


def test_figures_that_somebody_wrote_otherwise_are_not_told(measured):
    for strange in ("none yet", {"wide": 0.9}, {"wide": {**HARD, "bleeds_1_to_3_ml": {"found": "all"}}}, {"phantom": {"auc": 0.9}}):
        for labels in (measured[1], np.zeros_like(measured[1])):
            assert "hard to read" not in certainty(measured[0], labels, {"eval_metrics": strange})


def test_one_slice_is_enough(a_browser, measured, tmp_path):
    scan, labels, _ = measured
    number = int((labels == HEMATOMA).sum(axis=(1, 2)).argmax())
    grid = scan.grid
    one_grid = some_slices(grid, [number])
    one = replace(scan, hounsfield=scan.hounsfield[[number]], grid=one_grid)
    page = opened(a_browser, reported(tmp_path, one, labels[[number]], measure_scan(one, labels[[number]])))
    assert page.locator(".grid img").count() == 1
    page.close()


def test_hundreds_of_thin_slices_stay_small(a_browser, tmp_path):
    scan, labels = a_head(a_grid(pixel_mm=(4.0, 4.0), slice_mm=0.5))
    file = reported(tmp_path, scan, labels, measure_scan(scan, labels))
    page = opened(a_browser, file)
    assert page.locator(".grid img").count() == 12
    assert file.stat().st_size < 3_000_000
    page.close()


def test_nothing_of_the_patient_is_in_the_report(measured, tmp_path):
    scan, labels, measurement = measured
    file = reported(tmp_path, replace(scan, patient_key="d1g3st0fsomeone"), labels, measurement)
    assert "d1g3st0fsomeone" not in file.read_text()


PROBABILITIES = {HYPODENSITY: 0.72, IRREGULAR_MARGIN: 0.05, BLEND: 0.61, FLUID_LEVEL: 0.3}
SEEN = {HYPODENSITY: False, IRREGULAR_MARGIN: False, BLEND: True, FLUID_LEVEL: False}
HOT_MM = HEMATOMA_MIDDLE_MM + np.array([8.0, 0.0, 0.0])


@pytest.fixture(scope="module")
def with_network(tmp_path_factory, measured):
    """The report of a network that sees hypodensity and blend, of which the measurement sees the blend."""
    scan, labels, measurement = measured
    measurement = replace(
        measurement, evidence={name: replace(one, found=SEEN[name]) for name, one in measurement.evidence.items()}
    )
    points = scan.grid.lps_mm(np.moveaxis(np.indices(scan.grid.shape), 0, -1))
    heat = np.exp(-(((points - HOT_MM) / 7) ** 2).sum(axis=-1)).astype(np.float32)
    network = a_network_result(scan, labels, PROBABILITIES, 0.45, heat, MODEL)
    folder = tmp_path_factory.mktemp("network")
    present(folder, Case(scan, labels, findings_of(measurement, network, None, read_rules())), read_rules())
    return folder / "report.html"


@pytest.mark.parametrize("width", WIDTHS)
def test_bars_are_as_long_as_the_probabilities_and_carry_the_threshold(a_browser, with_network, width):
    page = opened(a_browser, with_network, width)
    page.evaluate("document.querySelectorAll('details').forEach(part => part.open = true)")
    shown = {}
    for marker in page.locator(".marker").all():
        bar, fill, tick = (marker.locator(part).bounding_box() for part in (".bar", ".fill", ".tick"))
        name = re.split(r":", marker.inner_text())[0]
        shown[name] = fill["width"] / bar["width"]
        assert (tick["x"] - bar["x"]) / bar["width"] == pytest.approx(0.45, abs=0.01)
    assert shown == pytest.approx({MARKER_NAMES[marker]: value for marker, value in PROBABILITIES.items()}, abs=0.01)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.close()


def test_where_network_and_measurement_disagree_the_report_says_so(a_browser, with_network):
    page = opened(a_browser, with_network)
    seen = {marker.inner_text().split(":")[0]: marker.inner_text() for marker in page.locator(".marker.seen").all()}
    assert set(seen) == {"Hypodensity", "Blend sign"}
    assert "network yes, measurement no: they disagree" in seen["Hypodensity"]
    assert "disagree" not in seen["Blend sign"]
    assert "20.2 %" in seen["Hypodensity"]
    assert "35 %" in seen["Blend sign"]
    folded = page.locator(".marker details").all_inner_texts()
    assert len(folded) == 2
    assert all("not seen" in text for text in folded)
    page.close()


def test_the_heat_lies_on_the_scan_where_the_network_looked(with_network):
    (hot_file,), (plain_file,) = (list(with_network.parent.glob(f"blend_{kind}_*.png")) for kind in ("heat", "slice"))
    with Image.open(hot_file) as hot, Image.open(plain_file) as plain:
        assert hot.size == plain.size
        hot, plain = (np.asarray(picture.convert("RGB")).astype(int) for picture in (hot, plain))
    coloured = np.ptp(hot, axis=-1) * (np.abs(hot - plain).sum(axis=-1) > 60)
    coloured = coloured[: int(0.6 * len(hot)), : int(0.85 * hot.shape[1])]  # without the colour bar
    rows, columns = np.nonzero(coloured > 0.8 * coloured.max())
    outline = np.abs(plain - np.array(to_rgb(COLORS["hematoma"])) * 255).max(axis=-1) < 40
    outline_rows, outline_columns = np.nonzero(outline)
    mm = 2 * HEMATOMA_RADII_MM[0] / np.ptp(outline_columns)
    across = (columns.mean() - (outline_columns.min() + outline_columns.max()) / 2) * mm
    down = (rows.mean() - (outline_rows.min() + outline_rows.max()) / 2) * mm
    assert (across, down) == pytest.approx((8.0, 0.0), abs=4)


def test_the_tables_carry_the_network(with_network, measured):
    labels = measured[1]
    with open(with_network.parent / "markers.csv", newline="") as file:
        rows = {row["marker"]: row for row in csv.DictReader(file)}
    assert {marker: float(row["network probability"]) for marker, row in rows.items()} == PROBABILITIES
    assert {marker: row["network and measurement agree"] for marker, row in rows.items()} == {
        HYPODENSITY: "0",
        IRREGULAR_MARGIN: "1",
        BLEND: "1",
        FLUID_LEVEL: "1",
    }
    with open(with_network.parent / "slices.csv", newline="") as file:
        slices = list(csv.DictReader(file))
    listed = [row["probability of blend"] for row in slices]
    assert listed == ["0.61" if (plane == HEMATOMA).any() else "" for plane in labels]


def test_a_network_that_says_nothing_of_markers_is_told(a_browser, measured, tmp_path):
    scan, labels, measurement = measured
    network = a_network_result(scan, labels, dict.fromkeys(MARKERS), 0.45, model=MODEL)
    present(tmp_path, Case(scan, labels, findings_of(measurement, network, None, read_rules())), read_rules())
    page = opened(a_browser, tmp_path / "report.html")
    page.evaluate("document.querySelectorAll('details').forEach(part => part.open = true)")
    assert all("Network: no answer." in text for text in page.locator(".marker").all_inner_texts())
    page.close()


def test_growth_stands_side_by_side_with_its_error(a_browser, measured, tmp_path):
    scan, labels, measurement = measured
    smaller = np.where(np.arange(labels.shape[1])[:, None] < 42, 0, labels).astype(np.uint8)
    earlier = measure_scan(scan, smaller)
    volumes = earlier.volume_ml, earlier.ivh_ml, measurement.volume_ml, measurement.ivh_ml
    grown = replace(growth_of_volumes(*volumes, hours=5.5), transform=np.eye(4), rotation_deg=0.0, notes=("Compare with care.",))
    findings = findings_of(measurement, None, grown, read_rules())
    present(tmp_path, Case(scan, labels, findings, (scan, smaller)), read_rules())
    page = opened(a_browser, tmp_path / "report.html")
    text = page.locator("body").inner_text()
    change_ml = ((labels == HEMATOMA).sum() - (smaller == HEMATOMA).sum()) * 0.02
    for sentence in (
        f"{change_ml:+.1f} mL",
        f"Grew by {change_ml:.1f} mL",
        "in 5.5 h",
        "two readers differ by about 5.8 mL",
        "Compare with care.",
    ):
        assert sentence in text
    boxes = [picture.bounding_box() for picture in page.locator(".growth img").all()]
    assert len(boxes) == 2
    assert boxes[0]["y"] == boxes[1]["y"]
    assert boxes[0]["width"] == boxes[1]["width"]
    assert boxes[0]["height"] == boxes[1]["height"]
    page.close()


def test_growth_from_volumes_alone_says_why_there_are_no_pictures(measured, tmp_path):
    scan, labels, measurement = measured
    grown = growth_of_volumes(measurement.volume_ml + 2, 0.0, measurement.volume_ml, 0.0)
    present(tmp_path, Case(scan, labels, findings_of(measurement, None, grown, read_rules())), read_rules())
    text = (tmp_path / "report.html").read_text()
    assert "of the earlier scan only its volumes are known" in text
    assert "shrank by 2.0 mL" in text
    assert "no more than readings of one scan differ by" in text


@pytest.mark.parametrize("signs", [SUPINE, PRONE])
def test_the_side_is_the_patients_whatever_way_the_scan_is_stored(signs):
    scan, labels = a_head(a_grid(signs, pixel_mm=(4.0, 4.0), slice_mm=10.0))
    assert side_of_hematoma(scan, labels) == "patient's left"
    mirrored = replace(scan, hounsfield=scan.hounsfield[:, :, ::-1]), labels[:, :, ::-1]
    assert side_of_hematoma(*mirrored) == "patient's right"


def test_near_the_midline_no_side_is_said():
    scan, labels = a_head(a_grid(pixel_mm=(4.0, 4.0), slice_mm=10.0), ventricles=False)
    middle = np.zeros_like(labels)
    middle[:, 24:28, 24:27] = HEMATOMA
    assert side_of_hematoma(scan, middle) is None

"""The report as a reader meets it, in a real browser without a network."""

from __future__ import annotations

from dataclasses import replace

import browser
import numpy as np
import pytest
from browser import listening_page
from drawn_vessel import SPACING, a_vessel
from LesionReadingLib.errors import InputError
from LesionReadingLib.geometry.grid import even_grid
from LesionReadingLib.geometry.spacing import Spacing
from LesionReadingLib.labels.label_map import LabelMap
from OCTCalciumLib.measurement.pullback import measure_pullback
from OCTCalciumLib.presenting.headline import finding, numbers
from OCTCalciumLib.presenting.present import present
from OCTCalciumLib.presenting.report import write_report
from OCTCalciumLib.reading.pullback import Pullback

MODEL = {
    "name": "a_model",
    "version": "1.2.3",
    "data_source": "400 phantom pullbacks <script>",
    "eval_metrics": {"phantom": {"iou": {"calcium": 0.81}, "volume_error_percent": 4.2}},
}
a_browser = browser.a_browser
WIDTHS = (380, 1280)


@pytest.fixture(scope="module")
def a_report(tmp_path_factory):
    labels, folder = a_vessel(), tmp_path_factory.mktemp("report")
    grey = np.random.default_rng(7).integers(0, 255, labels.shape, np.uint8)
    pullback = Pullback(
        even_grid(labels.shape, SPACING),
        lambda first, stop: iter(grey[first:stop]),
        notes=("Frame 3 is there twice; the copy was left out.",),
        details={"Manufacturer": "Example & Sons"},
    )
    label_map = LabelMap(labels, even_grid(labels.shape, SPACING))
    present(folder, label_map, measure_pullback(labels, SPACING), pullback=pullback, model=MODEL)
    return folder / "report.html"


@pytest.fixture(scope="module")
def a_page(a_browser, a_report):
    return listening_page(a_browser, a_report, WIDTHS[1])


def test_the_first_lines_say_what_matters(a_page):
    text = a_page.locator(".finding").inner_text()
    assert ". It covers " in text  # two sentences, a space between them
    assert "Calcium reaches 240 degrees" in text
    assert "180 degrees or more over a length of 2.0 mm" in text
    assert "frames 9 to 10" in text, "frames count from 1 on every screen"
    shown = a_page.locator(".numbers").inner_text()
    for value in ("240°", "2.0 mm", "3 of 4", "mm³", "mm²"):
        assert value in shown
    assert a_page.locator(".finding").bounding_box()["y"] < 120
    for part in ("What it may mean", "Check first", "How certain", "The network", "Not looked for"):
        assert a_page.locator("h3", has_text=part).count() == 1


def test_every_part_has_its_heading(a_page):
    assert a_page.locator("h1").all_inner_texts() == ["Coronary calcium in OCT"]
    headings = a_page.locator("h2").all_inner_texts()
    for wanted in (
        "Along the pullback",
        "Key frames",
        "In three dimensions",
        "Lesions",
        "Input",
        "Model",
        "Definitions",
    ):
        assert wanted in headings


def test_every_picture_loads_and_has_words_for_who_cannot_see_it(a_page):
    pictures = a_page.evaluate("Array.from(document.images, image => [image.complete, image.naturalWidth, image.alt])")
    assert len(pictures) == 7
    assert all(complete and width > 300 and words for complete, width, words in pictures)


def test_the_page_asks_for_nothing_but_itself(a_page, a_report):
    assert [url for url in a_page.asked_for if not url.startswith("data:")] == [a_report.as_uri()]
    assert a_report.stat().st_size < 4_000_000


@pytest.mark.parametrize("width", WIDTHS)
def test_the_page_fits_its_window(a_browser, a_report, width):
    page = a_browser.new_page(viewport={"width": width, "height": 800})
    page.goto(a_report.as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    texts = "Array.from(document.querySelectorAll('h1, h2, p, dt, dd, figcaption, figure'))"
    beyond = page.evaluate(f"{texts}.filter(text => text.getBoundingClientRect().right > innerWidth).length")
    assert beyond == 0
    page.close()


def test_the_notice_stands_there_once(a_page):
    assert a_page.locator("body").inner_text().lower().count("not a medical device") == 1


def test_sources_notes_details_and_model_are_told_and_escaped(a_page):
    text = a_page.locator("body").inner_text()
    for sentence in (
        "DICOM (0028,0030) Pixel Spacing",
        "typed by the user",
        "Frame 3 is there twice",
        "Example & Sons",
        "400 phantom pullbacks <script>",
        "IoU calcium 0.81",
        "phantom results",
    ):
        assert sentence in text


def test_every_frame_with_calcium_is_in_the_folded_table(a_page):
    assert a_page.locator("details tr").count() == 1 + 8 + 4


def test_a_printed_page_is_a4_and_carries_the_pictures(a_page):
    assert len(a_page.pdf(prefer_css_page_size=True)) > 100_000
    a_page.emulate_media(media="print")
    assert a_page.locator("details").is_hidden(), "375 rows are no reading on paper"
    a_page.emulate_media(media="screen")


def test_what_is_missing_is_named_with_its_reason(tmp_path):
    spacing = Spacing(0.04, 0.04, None, "DICOM (0028,0030) Pixel Spacing")
    measurement = measure_pullback(a_vessel(), spacing)
    write_report(tmp_path / "report.html", measurement, {}, missing_pictures="No pictures here.")
    text = (tmp_path / "report.html").read_text()
    for reason in (measurement.missing["volume_mm3"], measurement.missing["over_180_length_mm"], "No pictures here."):
        assert reason in text
    assert "not known" in text
    assert "It covers 180 degrees or more in 8 frames; the length is not known." in text


def test_less_than_180_degrees_is_said_in_plain_words():
    arc, over = finding(measure_pullback(a_vessel(widest_deg=120), SPACING))
    assert arc.startswith("Calcium reaches 120 degrees")
    assert over == "No frame reaches 180 degrees."


def test_the_score_on_top_is_that_of_the_worst_lesion():
    measurement = measure_pullback(a_vessel(), SPACING)
    turned = replace(measurement, lesions=measurement.lesions[::-1])
    score = {number.name: number for number in numbers(turned)}["Calcium score"]
    assert (score.value, score.where) == ("3 of 4", "highest: lesion 2")


def test_the_report_says_on_how_many_frames_a_reader_has_corrected_the_contours():
    from OCTCalciumLib.commands import _drawn_by

    assert "corrected by a reader on 3 of 24 frames" in _drawn_by("oct_calcium_two_step", 3, 24)["contours"]
    with pytest.raises(InputError, match="25"):
        _drawn_by("oct_calcium_two_step", 25, 24)

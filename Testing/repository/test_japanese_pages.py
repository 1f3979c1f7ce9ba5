"""Both reports in Japanese, as a reader meets them: nothing is left in English, nothing is cut, numbers of frames are links."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import browser
import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from drawn_bleed import a_grid, a_head, a_network_result
from drawn_scores import drawn_scores
from drawn_vessel import SPACING, a_vessel
from HematomaMarkersLib.batch import COLUMNS as HEAD_COLUMNS
from HematomaMarkersLib.growth.expansion import growth_of_volumes
from HematomaMarkersLib.labels import HEMATOMA, MARKERS
from HematomaMarkersLib.measurement.measure import measure_scan
from HematomaMarkersLib.presenting.case import Case
from HematomaMarkersLib.presenting.present import present as present_head
from HematomaMarkersLib.triage.decision import TITLES as HEAD_TITLES
from HematomaMarkersLib.triage.findings import findings_of
from HematomaMarkersLib.triage.rules import read_rules
from LesionReadingLib.geometry.grid import even_grid
from LesionReadingLib.geometry.spacing import TYPED
from LesionReadingLib.labels.label_map import LabelMap
from LesionReadingLib.language import speaking
from LesionReadingLib.model.bundle import find_bundle
from LesionReadingLib.studies.batch.table import page as batch_page
from OCTCalciumLib.batch import COLUMNS, TITLE
from OCTCalciumLib.measurement.lesions import FUJINO_2018, RULE_OF_FIVES_2019
from OCTCalciumLib.measurement.pullback import measure_pullback
from OCTCalciumLib.presenting.present import present
from OCTCalciumLib.reading.pullback import Pullback
from OCTCalciumLib.wall.calcium_range import CalciumRange

a_browser = browser.a_browser
SIZES = ((1400, 900), (390, 844))
# Names, abbreviations and terms that Japanese reports write in Latin letters.
ALLOWED = {
    *(
        "OCT",
        "DICOM",
        "CSV",
        "UID",
        "SHA",
        "Dice",
        "IoU",
        "AUC",
        "ICH",
        "BAT",
        "ABC",
        "AHA",
        "ASA",
        "STR",
        "CAM",
        "Grad",
        "HFS",
        "MIT",
    ),
    *("Net", "VGG", "DeepLab", "ResNet", "EfficientNet", "haar", "IVOCT", "MAE", "OCTCalciumLib", "HematomaMarkersLib", "phantom"),
    *(
        "Study",
        "Instance",
        "Rule",
        "fives",
        "calcium",
        "modification",
        "face",
        "Blend",
        "blend",
        "sign",
        "swirl",
        "csv",
        "json",
        "doi",
    ),
    *("Home", "End", "Page", "Down", "Fujino", "Shlofmitz", "Barras", "Boulouis", "Morotti", "Hemphill"),
    *("Stroke", "EuroIntervention", "Curr", "Cardiovasc", "Imaging", "Rep"),
}
# Parts that stay as they are: sources of the literature, names of files, models, repositories and options, attributes of DICOM.
KEPT = re.compile(
    "|".join(
        [
            *map(re.escape, (FUJINO_2018, RULE_OF_FIVES_2019)),
            r"\b\w+\.(?:csv|json|toml)",
            r"\b(?:oct_calcium|hematoma_markers)_\w+",
            r"[\w-]+/[\w-]+",
            r"\b[A-Z2-7]{4}-[A-Z2-7]{4}\b",
            r"DICOM [^（）、。]*\)[\w ]*",
        ]
    )
)


class ReaderTexts(HTMLParser):
    """What a page says to a reader: its text, what stands for pictures, and what its viewer says."""

    def __init__(self, page):
        super().__init__()
        self.texts, self._silent, self._is_viewer = [], False, False
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        held = dict(attributes)
        if tag in ("style", "script"):
            self._silent, self._is_viewer = True, held.get("type") == "application/json"
        self.texts += [held[name] for name in ("alt", "aria-label") if held.get(name)]

    def handle_endtag(self, tag):
        self._silent = self._silent and tag not in ("style", "script")

    def handle_data(self, text):
        if not self._silent:
            self.texts.append(text)
        elif self._is_viewer:
            held = json.loads(text)
            if "captions" not in held:  # the mesh, which holds no words
                return
            self.texts += [*held["captions"], *held["words"], *held["heat"]]
            self.texts += [name for name, *_rest in (*held["outlines"], *held["windows"])]
            self.texts += [one["title"] for one in (*held["charts"], *held["panes"])]


def english(page):
    """Words of a page that are neither allowed nor part of a name."""
    found = {word: text for text in ReaderTexts(page).texts for word in re.findall(r"[A-Za-z]{3,}", KEPT.sub("", text))}
    return {word: text.strip()[:60] for word, text in found.items() if word not in ALLOWED}


@pytest.fixture(scope="module")
def an_oct_report(tmp_path_factory):
    labels, folder = a_vessel(), tmp_path_factory.mktemp("oct")
    grey = np.random.default_rng(7).integers(0, 255, labels.shape, np.uint8)
    spacing = replace(SPACING, in_plane_source=TYPED, frame_source=TYPED)
    pullback = Pullback(
        even_grid(labels.shape, spacing), lambda first, stop: iter(grey[first:stop]), details={"pullback rate": "36 mm/s"}
    )
    with speaking("ja"):
        model = find_bundle("oct_calcium_two_step", "oct-calcium").summary()
        label_map = LabelMap(labels, even_grid(labels.shape, spacing))
        ranges = [CalciumRange((150.0, 300.0), (1.0, 3.0), drawn_scores())] * len(labels)
        present(folder, label_map, measure_pullback(labels, spacing), pullback=pullback, model=model, ranges=ranges)
    return folder / "report.html"


@pytest.fixture(scope="module")
def a_head_report(tmp_path_factory):
    """A bleed that grew, read by a network."""
    folder = tmp_path_factory.mktemp("head")
    scan, labels = a_head(a_grid())
    with speaking("ja"):
        measured = measure_scan(scan, labels)
        smaller = np.where(np.arange(labels.shape[1])[:, None] < 42, 0, labels).astype(np.uint8)
        earlier = measure_scan(scan, smaller)
        grown = growth_of_volumes(earlier.volume_ml, earlier.ivh_ml, measured.volume_ml, measured.ivh_ml, hours=5.5)
        grown = replace(grown, transform=np.eye(4), rotation_deg=0.0)
        model = find_bundle("hematoma_markers_phantom", "hematoma-markers").summary()
        heat = (labels == HEMATOMA).astype(np.float32)
        network = a_network_result(scan, labels, dict.fromkeys(MARKERS, 0.8), 0.4, heat, model)
        findings = findings_of(measured, network, grown, read_rules(), location="putamen")
        present_head(folder, Case(scan, labels, findings, (scan, smaller)), read_rules())
    return folder / "report.html"


def test_nothing_is_left_in_english_in_the_oct_report(an_oct_report):
    assert english(an_oct_report.read_text(encoding="utf-8")) == {}


def test_nothing_is_left_in_english_in_the_head_report(a_head_report):
    assert english(a_head_report.read_text(encoding="utf-8")) == {}


def test_nothing_is_left_in_english_in_the_table_of_a_batch():
    row = {"folder": "001", "study": "ab12", "status": "failed", **dict.fromkeys((*COLUMNS, *HEAD_COLUMNS), 1.5)}
    row["decision"] = HEAD_TITLES["refer_now"]
    with speaking("ja"):
        page = batch_page([{**row, "status": "done"}, {**row, "seconds": 1, "code": "", "message": "メモリ不足"}], TITLE)
    assert english(page.replace("ab12", "")) == {}
    assert "2件中1件を解析、<span" in page and "mm²" in page and "mm2" not in page


@pytest.mark.parametrize("report", ["an_oct_report", "a_head_report"])
def test_the_whole_answer_stands_on_the_first_screen(request, a_browser, report):
    page = browser.listening_page(a_browser, request.getfixturevalue(report), 1400)
    page.wait_for_selector("#viewer[data-ready]", state="attached")
    assert page.locator("h3", has_text="評価対象外").count() == 1
    for part in page.locator(".first > .answer").all():
        box = part.bounding_box()
        assert box["y"] + box["height"] <= 900
    page.close()


def test_the_finding_and_what_to_do_stand_first(a_browser, an_oct_report, a_head_report):
    page = browser.listening_page(a_browser, an_oct_report, SIZES[0][0])
    assert page.locator("html").get_attribute("lang") == "ja"
    assert page.locator(".finding").inner_text().startswith("血管周囲に最大240°の石灰化（フレーム9〜10）。180°以上の長さ 2.0")
    page.goto(a_head_report.as_uri())
    assert page.locator(".triage h1").inner_text() == "脳神経外科へ至急紹介"
    assert "被殻" in page.locator(".finding").inner_text()
    page.close()


@pytest.mark.parametrize(("width", "height"), SIZES)
@pytest.mark.parametrize("report", ["an_oct_report", "a_head_report"])
def test_nothing_is_cut_and_nothing_is_asked_for(request, a_browser, report, width, height):
    file = request.getfixturevalue(report)
    page = browser.listening_page(a_browser, file, width)
    page.set_viewport_size({"width": width, "height": height})
    page.wait_for_selector("#viewer[data-ready]", state="attached")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert [address for address in page.asked_for if not address.startswith(("data:", file.as_uri()))] == []
    page.close()


@pytest.mark.parametrize(("width", "height"), SIZES)
@pytest.mark.parametrize("report", ["an_oct_report", "a_head_report"])
def test_axe_finds_nothing_serious(request, a_browser, report, width, height):
    page = browser.listening_page(a_browser, request.getfixturevalue(report), width)
    page.set_viewport_size({"width": width, "height": height})
    page.wait_for_selector("#viewer[data-ready]", state="attached")
    page.evaluate("document.querySelectorAll('details').forEach(part => part.open = true)")
    found = Axe().run(page).response["violations"]
    assert [(one["id"], one["nodes"][0]["target"]) for one in found if one["impact"] in ("serious", "critical")] == []
    page.close()


def test_numbers_of_frames_and_slices_are_links_that_go_there(a_browser, an_oct_report, a_head_report):
    for file in (an_oct_report, a_head_report):
        page = browser.listening_page(a_browser, file, SIZES[0][0])
        link = page.locator(".answer ol a.go").first
        number = link.inner_text()
        link.click()
        page.wait_for_selector(f"#viewer[data-shown='{number}']", state="attached")
        assert re.search(rf"(フレーム|スライス) {number}／", page.locator("[data-part=caption]").inner_text())
        page.close()

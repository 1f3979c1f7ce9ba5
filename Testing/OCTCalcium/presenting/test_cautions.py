"""What is said before the numbers: every doubt has its code, stands on the first screen and in measurements.json."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from drawn_labels import CALCIUM, GUIDEWIRE, LUMEN, Drawing
from drawn_vessel import SPACING, a_frame, a_vessel
from LesionReadingLib.geometry.grid import even_grid
from LesionReadingLib.labels.seg_nrrd import write_seg_nrrd
from OCTCalciumLib.__main__ import main
from OCTCalciumLib.measurement.pullback import Parameters, measure_pullback
from OCTCalciumLib.presenting import cautions
from OCTCalciumLib.presenting.headline import finding, numbers
from OCTCalciumLib.presenting.report import write_report
from OCTCalciumLib.reading.cautions import NO_LUMEN, ULTRASOUND, Caution
from OCTCalciumLib.reading.pullback import Pullback
from OCTCalciumLib.segments import SEGMENTS

PIXEL_MM = 0.04
PHANTOMS = {"data_source": "Phantom pullbacks only, drawn by a program. More of it.", "eval_metrics": {"phantom": {"iou": 0.9}}}
OWN_CASES = {"data_source": "31 pullbacks of our own hospital.", "eval_metrics": {}}
JUDGED = {**PHANTOMS, "eval_metrics": {"real": {"frames_with_calcium": 8, "dice": 0.145, "frames_missed": 3}}}


def without_lumen(labels):
    return np.where(labels == LUMEN, 0, labels).astype(np.uint8)


def some_without_lumen():
    labels = a_vessel()
    labels[10:12] = without_lumen(labels[10:12])
    return labels


def with_frame(number, labels):
    whole = a_vessel()
    whole[number] = labels
    return whole


def nodule():
    return a_frame().sector(CALCIUM, 0, 1.1, apex_mm=(0.0, 0.6)).labels


def wire_on_vertex():
    return a_frame().sector(CALCIUM, 1.4, 2.0, 0, 60).sector(GUIDEWIRE, 0, 0.2).labels


def slip_of_lumen():
    labels = np.zeros((160, 160), np.uint8)
    labels[20:26, 20:26] = LUMEN
    return labels


def speck():
    labels = a_frame().labels
    labels[2, 2] = CALCIUM
    return labels


DOUBTS = [
    (without_lumen(a_vessel()), cautions.VERTEX_IMAGE_CENTRE),
    (some_without_lumen(), cautions.VERTEX_IMAGE_CENTRE),
    (some_without_lumen(), NO_LUMEN),
    (np.zeros((3, 160, 160), np.uint8), NO_LUMEN),
    (with_frame(3, nodule()), cautions.VERTEX_DEEPEST),
    (with_frame(3, wire_on_vertex()), cautions.GUIDEWIRE_NOT_BRIDGED),
    (with_frame(3, a_frame().sector(CALCIUM, 1.4, 2.0, 0, 330).labels), cautions.SINGLE_FRAME_ARC),
    (with_frame(3, slip_of_lumen()), cautions.SMALL_LUMEN),
    (with_frame(3, speck()), cautions.STRAYS),
]


@pytest.mark.parametrize(("labels", "code"), DOUBTS, ids=lambda value: value if isinstance(value, str) else "")
def test_every_doubt_is_told_and_a_plain_vessel_has_none(labels, code):
    assert code in {caution.code for caution in cautions.measurement_cautions(measure_pullback(labels, SPACING))}
    assert cautions.measurement_cautions(measure_pullback(a_vessel(), SPACING)) == ()
    assert code in cautions.MEASUREMENT_CODES


def test_a_catheter_in_calcium_is_told():
    labels = np.stack([Drawing((160, 160), PIXEL_MM, PIXEL_MM).sector(CALCIUM, 0, 0.5).labels])
    found = cautions.measurement_cautions(measure_pullback(labels, SPACING, Parameters("catheter")))
    assert cautions.VERTEX_IN_CALCIUM in {caution.code for caution in found}


def page_of(tmp_path, labels, model=None, pullback=None) -> str:
    write_report(tmp_path / "report.html", measure_pullback(labels, SPACING), {}, pullback=pullback, model=model)
    return (tmp_path / "report.html").read_text()


def test_cautions_stand_before_the_numbers(tmp_path):
    page = page_of(tmp_path, some_without_lumen(), PHANTOMS)
    for caution in cautions.all_cautions(measure_pullback(some_without_lumen(), SPACING), None, PHANTOMS):
        assert page.count(caution.sentence.replace("'", "&#39;")) == 1
        assert page.index(caution.sentence.replace("'", "&#39;")) < page.index('<dl class="numbers">')


def test_what_the_reading_tells_is_told_too_and_once(tmp_path):
    labels = some_without_lumen()
    grey = np.full(labels.shape, 90, np.uint8)
    doubts = (Caution(ULTRASOUND, "This is ultrasound."), Caution(NO_LUMEN, "Said by the reading."))
    pullback = Pullback(even_grid(labels.shape, SPACING), lambda first, stop: iter(grey[first:stop]), cautions=doubts)
    page = page_of(tmp_path, labels, None, pullback)
    assert page.count("This is ultrasound.") == 1
    assert page.count("A lumen was found on 22 of 24 frames") == 1 and "Said by the reading." not in page


@pytest.mark.parametrize(
    ("model", "wanted", "unwanted"),
    [
        (PHANTOMS, ("Phantom pullbacks only, drawn by a program.", "has not been measured"), ("More of it.",)),
        (OWN_CASES, ("31 pullbacks of our own hospital.", "has not been measured"), ("hantom",)),
        (JUDGED, ("8 real frames with calcium", "Dice of 0.14", "none of it in 3"), ("has not been measured",)),
        ({}, (), ("learnt from",)),
    ],
)
def test_what_a_network_learnt_from_and_misses_comes_from_its_bundle(model, wanted, unwanted):
    text = " ".join(caution.sentence for caution in cautions.model_cautions(model))
    assert all(words in text for words in wanted)
    assert not any(words in text for words in unwanted)


def test_no_calcium_found_by_a_network_is_no_calm(tmp_path):
    labels = np.stack([a_frame().labels] * 5)
    page = page_of(tmp_path, labels, JUDGED)
    assert "No calcium was found." in page and "That does not exclude calcium." in page
    assert "lumen on 5 of 5 frames" in page and "0 of 4" not in page


def test_where_no_lumen_was_found_nothing_is_said_of_calcium():
    sentence, more = finding(measure_pullback(np.zeros((5, 64, 64), np.uint8), SPACING), by_network=True)
    assert sentence == "No lumen was found on any of the 5 frames, so nothing can be said of calcium." and more == ""


def test_where_no_lumen_was_found_no_number_on_top_says_that_there_is_no_calcium():
    shown = {number.value for number in numbers(measure_pullback(np.zeros((5, 64, 64), np.uint8), SPACING))}
    assert shown == {"not known"}


def test_a_headline_score_seen_from_the_image_centre_says_so():
    measurement = measure_pullback(without_lumen(a_vessel()), SPACING)
    shown = {number.name: number for number in numbers(measurement)}
    assert shown["Calcium score"].value == "3 of 4"
    assert "seen from the image centre" in shown["Calcium score"].where
    assert "seen from the image centre" in shown["Largest arc"].where
    assert "around the image centre" in finding(measurement)[0]
    plain = {number.name: number for number in numbers(measure_pullback(a_vessel(), SPACING))}
    assert "image centre" not in plain["Calcium score"].where + plain["Largest arc"].where


def test_a_spike_makes_neither_the_finding_nor_the_score():
    spike = with_frame(3, a_frame().sector(CALCIUM, 1.4, 2.2, 0, 330).labels)
    for number in (8, 9, 10, 11, 12, 13, 14, 15):
        spike[number] = a_frame().sector(CALCIUM, 1.4, 1.7, 20, 100).labels
    measurement = measure_pullback(spike, SPACING)
    shown = {number.name: number for number in numbers(measurement)}
    assert "Calcium reaches 100 degrees" in finding(measurement)[0] and "short stretch" in finding(measurement)[1]
    assert shown["Largest arc"].value == "100°" and "330° in frame 4" in shown["Largest arc"].where
    assert shown["Calcium score"].value == "0 of 4" and ": 3 if single frames count" in shown["Calcium score"].where
    assert shown["Length at 180° or more"].value == "0.0 mm"
    assert "1 shorter not counted" in shown["Length at 180° or more"].where


def test_an_arc_that_no_neighbours_hold_is_the_same_in_the_headline_and_among_the_numbers():
    alone = np.stack([a_frame().labels] * 9)
    alone[4] = a_frame().sector(CALCIUM, 1.4, 1.7, 20, 174).labels
    measurement = measure_pullback(alone, SPACING)
    shown = {number.name: number for number in numbers(measurement)}
    assert f"{shown['Largest arc'].value[:-1]} degrees around the vessel in frame 5" in finding(measurement)[0]
    assert float(shown["Largest arc"].value[:-1]) == pytest.approx(174, abs=2)
    assert "frame 5 alone" in shown["Largest arc"].where


def test_without_frame_spacing_neighbours_are_counted_in_frames():
    measurement = measure_pullback(
        with_frame(3, a_frame().sector(CALCIUM, 1.4, 2.0, 0, 330).labels), replace(SPACING, frame_mm=None)
    )
    assert measurement.hold_frames == 3 and "Calcium reaches 240 degrees" in finding(measurement)[0]


def test_the_command_writes_the_cautions_into_the_numbers(tmp_path):
    labels = without_lumen(a_vessel())
    write_seg_nrrd(tmp_path / "calcium.seg.nrrd", labels, even_grid(labels.shape, SPACING), SEGMENTS)
    assert main(["measure", str(tmp_path / "calcium.seg.nrrd"), "-o", str(tmp_path / "out")]) == 0
    written = json.loads((tmp_path / "out" / "measurements.json").read_text())
    assert cautions.VERTEX_IMAGE_CENTRE in {caution["code"] for caution in written["cautions"]}
    page = (tmp_path / "out" / "report.html").read_text()
    assert all(caution["sentence"] in page for caution in written["cautions"])
    assert {frame["vertex_source"] for frame in written["frames"]} == {"image_centre"}

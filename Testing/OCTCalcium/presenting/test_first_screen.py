"""The first screen of a pullback: what it means, how certain, which frames to check, and where a stent could end."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from drawn_labels import CALCIUM
from drawn_vessel import SPACING, a_frame, a_vessel
from OCTCalciumLib.measurement.pullback import measure_pullback
from OCTCalciumLib.presenting.first_screen import first_screen
from OCTCalciumLib.presenting.landing_zone import landing_zones, longest_run
from OCTCalciumLib.presenting.look_first import in_words, look_first
from OCTCalciumLib.presenting.scrolling import scroll_of
from OCTCalciumLib.wall.calcium_range import CalciumRange

MODEL = {
    "data_source": "Phantoms.",
    "eval_metrics": {
        "phantom": {"bridged_arc_deg": {"bias": -20.0, "sd": 10.0, "frames": 50}, "volume_within_10_percent": "6 of 11 pullbacks"}
    },
}


def test_a_single_frame_is_not_said_to_spread_over_frames():
    one = measure_pullback(a_vessel()[8:9], SPACING)
    assert not [sentence for sentence in first_screen(one, None).certainty if "widest single frame" in sentence]


def zones(labels, spacing=SPACING):
    measurement = measure_pullback(labels, spacing)
    return landing_zones(measurement, longest_run(measurement))


def test_a_stent_could_end_in_the_nearest_frames_without_calcium():
    # 240 degrees in frames 8 to 15, 60 in 19 to 22 of 24 (from 0); two frames of 0.25 mm hold a value.
    before, after = zones(a_vessel())
    assert (before.first_frame, before.last_frame, before.gap_frames, before.free) == (0, 7, 0, True)
    assert (after.first_frame, after.last_frame, after.gap_mm, after.free) == (16, 18, 0.0, True)
    assert after.length_mm == pytest.approx(3 * 0.25)


def test_where_a_side_is_nowhere_free_the_least_calcium_is_named():
    labels = a_vessel()
    for number in (*range(8), *range(16, 24)):
        labels[number] = a_frame().sector(CALCIUM, 1.5, 1.8, 100, 30 if number in (20, 21) else 60).labels
    before, after = zones(labels)
    assert (after.first_frame, after.last_frame, after.gap_frames) == (20, 21, 4) and not after.free
    assert after.max_arc_deg == pytest.approx(30, abs=3) and after.gap_mm == pytest.approx(1.0)
    assert before.gap_frames == 0 and before.max_arc_deg == pytest.approx(60, abs=3)


def test_frames_without_a_lumen_are_no_landing_zone():
    labels = a_vessel()
    labels[:8] = 0
    labels[16:18] = 0
    before, after = zones(labels)
    assert before is None
    assert after.first_frame > 17


def test_without_frame_spacing_a_landing_zone_is_told_in_frames():
    before, _ = zones(a_vessel(), replace(SPACING, frame_mm=None))
    assert before.length_mm is None and before.gap_mm is None and before.first_frame == 0
    sentences = first_screen(measure_pullback(a_vessel(), replace(SPACING, frame_mm=None)), None).found
    assert "frames 9 to 16." in sentences[0] and "frames 1 to 8, next to it; free of calcium" in sentences[1]


@pytest.mark.parametrize(
    ("unknown", "said"),
    [
        ({"frame_mm": None}, "without the frame spacing."),
        ({"row_mm": None, "column_mm": None}, "without the pixel spacing."),
        ({"row_mm": None, "column_mm": None, "frame_mm": None}, "without the pixel spacing and the frame spacing."),
    ],
)
def test_only_the_spacing_that_is_missing_is_said_to_be(unknown, said):
    meanings = first_screen(measure_pullback(a_vessel(), replace(SPACING, **unknown)), None).meanings
    fives = "not met by any lesion." if "frame" not in said else f"not known {said}"  # too short where the length is known
    assert [meaning.text for meaning in meanings] == [f"The calcium score is not known {said}", f"Rule of fives: {fives}"]


@pytest.mark.parametrize(("widest", "first"), [(200, "frames 9"), (100, "frame")])
def test_the_frames_nearest_to_a_limit_of_the_score_come_first(widest, first):
    checks = look_first(measure_pullback(a_vessel(widest_deg=widest), SPACING))
    assert [check.weight for check in checks] == sorted((check.weight for check in checks), reverse=True)
    assert in_words(checks[0]).startswith(first)


def test_a_single_frame_that_would_change_the_score_comes_first():
    labels = a_vessel(widest_deg=120)
    labels[3] = a_frame().sector(CALCIUM, 1.4, 2.0, 0, 300).labels
    check = look_first(measure_pullback(labels, SPACING))[0]
    assert (check.first, check.last) == (3, 3) and "one frame alone" in check.why


def test_frames_without_a_lumen_are_to_be_looked_at_where_there_is_no_calcium():
    labels = np.stack([a_frame().labels] * 6)
    labels[2:5] = 0
    (check,) = look_first(measure_pullback(labels, SPACING))
    assert in_words(check) == "frames 3 to 5" and "nothing is known" in check.why


@pytest.mark.parametrize(
    ("widest", "found", "missing"),
    [(240, "score 3 of 4", "not met"), (120, "score 1 of 4", "not met"), (None, "No calcium was marked", None)],
)
def test_the_score_stands_with_its_consequence_and_its_source(widest, found, missing):
    labels = np.stack([a_frame().labels] * 6) if widest is None else a_vessel(widest_deg=widest)
    meanings = first_screen(measure_pullback(labels, SPACING), MODEL).meanings
    assert found in meanings[0].text and all(meaning.source for meaning in meanings)
    assert missing is None or (missing in meanings[1].text and "Shlofmitz" in meanings[1].source)


def test_the_error_on_phantoms_becomes_a_range_that_holds_the_measured_bias():
    text = " ".join(first_screen(measure_pullback(a_vessel(), SPACING), MODEL).certainty)
    # 240 + 20 +- 1.96 x 10
    assert "20 degrees too small on average (SD 10, 50 frames)" in text and "between 240 and 280 degrees (95 %)" in text
    assert "not recorded" in text and "6 of 11" in text


def test_without_measured_errors_it_is_said_that_there_is_no_range():
    text = " ".join(first_screen(measure_pullback(a_vessel(), SPACING), {"data_source": "x"}).certainty)
    assert "no range can be given" in text


def test_ranges_of_scores_say_how_often_they_held_the_truth_on_each_kind_of_phantoms():
    measurement = measure_pullback(a_vessel(), SPACING)
    ranges = [CalciumRange((150.0, 300.0), (1.0, 3.0)) if 8 <= number < 16 else None for number in range(24)]
    counted = {
        "phantom": MODEL["eval_metrics"]["phantom"] | {"arcs_in_range": {"held": 86, "count": 100}},
        "wide": {"arcs_in_range": {"held": 79, "count": 100}, "volumes_in_range": {"held": 9, "count": 11}},
    }
    text = " ".join(first_screen(measurement, {"data_source": "x", "eval_metrics": counted}, ranges=ranges).certainty)
    assert "held the true arc in 79 to 86 % of frames" in text and "9 of 11 phantom pullbacks" in text
    assert "has not been measured" not in text and "in patients neither is known" in text
    counted["real"] = {"arcs_in_range": {"held": 5, "count": 8}}
    text = " ".join(first_screen(measurement, {"data_source": "x", "eval_metrics": counted}, ranges=ranges).certainty)
    assert "in 79 to 86 % of frames of phantoms and in 5 of 8 real frames with calcium" in text and "neither is known" not in text
    text = " ".join(first_screen(measurement, MODEL, ranges=ranges).certainty)
    assert "has not been measured" in text and "phantom pullbacks" not in text


def test_what_the_scores_leave_open_is_a_range_a_check_and_lines_in_the_plot():
    measurement = measure_pullback(a_vessel(), SPACING)
    ranges = [CalciumRange((150.0, 300.0), (1.0, 3.0)) if 8 <= number < 16 else None for number in range(24)]
    screen = first_screen(measurement, MODEL, ranges=ranges)
    text = " ".join(screen.certainty)
    assert "between 150 and 300 degrees" in text and "not recorded" not in text and "mm³" in text
    assert any((check.first, check.last) == (8, 15) and "either side" in check.why for check in screen.checks)
    scroll = scroll_of(measurement, a_vessel(), None, start=None, ranges=ranges)
    assert "(150 to 300)" in scroll.captions[8] and "(" not in scroll.captions[0]
    assert [series.values[8] for series in scroll.charts[0].series[1:]] == [150.0, 300.0]

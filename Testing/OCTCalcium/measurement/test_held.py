"""What neighbouring frames hold: one frame's spike makes no headline, and is named beside it."""

from __future__ import annotations

import numpy as np
import pytest
from drawn_labels import CALCIUM, Drawing
from LesionReadingLib.geometry.spacing import Spacing
from OCTCalciumLib.measurement.held import frames_to_hold, held_maximum
from OCTCalciumLib.measurement.pullback import measure_pullback, remeasure
from OCTCalciumLib.presenting.measurements_json import to_json

SHAPE, PIXEL_MM = (160, 160), 0.03


def spacing(frame_mm):
    return Spacing(PIXEL_MM, PIXEL_MM, frame_mm)


def frame(*sectors):
    drawing = Drawing(SHAPE, PIXEL_MM, PIXEL_MM).lumen(1.2)
    for start, extent, *outer in sectors:
        drawing.sector(CALCIUM, 1.3, *(outer or [1.7]), start, extent)
    return drawing.labels


def pullback(*arcs_deg):
    return np.stack([frame((0, arc)) if arc else frame() for arc in arcs_deg])


@pytest.mark.parametrize(
    ("frame_mm", "count", "expected"),
    [(0.1, 540, 5), (0.2, 375, 3), (0.25, 100, 2), (0.5, 100, 2), (1.0, 54, 2), (None, 100, 3), (0.2, 2, 2), (None, 1, 1)],
)
def test_frames_over_half_a_millimetre_hold_a_value(frame_mm, count, expected):
    assert frames_to_hold(spacing(frame_mm), count) == expected


@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_the_held_maximum_is_the_best_of_every_stretch(count):
    values = np.random.default_rng(count).uniform(1, 360, 40)
    best = max(values[first : first + count].min() for first in range(len(values) - count + 1))
    held = held_maximum(values, count)
    assert held.value == best
    assert values[held.first_frame : held.last_frame + 1].min() == best and held.last_frame - held.first_frame + 1 == count


@pytest.mark.parametrize("frame_mm", [0.1, 0.2, 0.5, 1.0, None])
@pytest.mark.parametrize("at", [0, 4, 9])
def test_one_frame_does_not_make_the_largest_arc_and_is_named(frame_mm, at):
    arcs = [60] * 10
    arcs[at] = 300
    measurement = measure_pullback(pullback(*arcs), spacing(frame_mm))
    assert measurement.held_arc.value == pytest.approx(60, abs=2)
    assert (measurement.max_arc_deg, measurement.max_arc_frame) == (pytest.approx(300, abs=2), at)
    written = to_json(measurement)
    assert written["max_arc_deg"] == measurement.max_arc_deg and written["held_arc"]["arc_deg"] == measurement.held_arc.value


def test_an_arc_that_neighbours_hold_is_the_largest():
    measurement = measure_pullback(pullback(0, 60, 200, 210, 205, 60, 0), spacing(0.2))
    assert measurement.held_arc.value == pytest.approx(200, abs=2)
    assert (measurement.held_arc.first_frame, measurement.held_arc.last_frame) == (2, 4)


def test_a_short_stretch_of_180_degrees_is_kept_and_not_counted_among_the_held():
    measurement = measure_pullback(pullback(0, 200, 0, 0, 190, 200, 210, 190, 0), spacing(0.2))
    assert [run.held for run in measurement.runs] == [False, True]
    assert measurement.over_180_length_mm == pytest.approx(1.0)
    assert measurement.held_over_180_length_mm == pytest.approx(0.8)


def test_the_score_that_neighbours_hold_leaves_out_a_spike_of_arc_and_thickness():
    frames = [frame((0, 60))] * 4 + [frame((0, 220, 2.0))] + [frame((0, 60))] * 4
    (lesion,) = measure_pullback(np.stack(frames), spacing(0.2)).lesions
    assert lesion.calcium_score.total == 3 and lesion.held.score == 0
    assert lesion.held.arc_deg == pytest.approx(60, abs=2) and lesion.held.thickness_mm == pytest.approx(0.4, abs=0.03)


def test_a_single_frame_is_all_there_is():
    measurement = measure_pullback(pullback(220), spacing(0.2))
    assert measurement.held_arc.value == measurement.max_arc_deg
    assert measurement.runs[0].held and measurement.lesions[0].held.arc_deg == measurement.max_arc_deg


def test_what_is_held_follows_an_edit():
    labels = pullback(60, 60, 60, 60)
    before = measure_pullback(labels, spacing(0.2))
    for number in (1, 2):
        labels[number] = frame((0, 200))
        before = remeasure(before, labels[number], number)
    labels[3] = frame((0, 190))
    after = remeasure(before, labels[3], 3)
    assert before.held_arc.value == pytest.approx(60, abs=2) and after.held_arc.value == pytest.approx(190, abs=2)


def test_deposits_of_one_frame_are_not_added_up_for_the_score_but_their_sum_is_told():
    parted, joined = frame((0, 110), (130, 100)), frame((0, 150))
    (lesion,) = measure_pullback(np.stack([parted, parted, joined]), spacing(0.2)).lesions
    assert lesion.max_arc_deg == pytest.approx(150, abs=2) and lesion.calcium_score.angle == 0
    assert (lesion.summed_arc_deg, lesion.summed_arc_frame) == (pytest.approx(210, abs=3), 0)


def test_a_length_is_the_number_of_frames_from_first_to_last_times_their_spacing():
    (lesion,) = measure_pullback(pullback(0, 60, 0, 0, 60, 0), spacing(0.3)).lesions
    assert lesion.length_mm == pytest.approx(4 * 0.3)

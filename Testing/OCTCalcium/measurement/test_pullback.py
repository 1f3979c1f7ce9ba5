"""The numbers of a pullback, against geometry: volume within 1 %, lesions, continuity, scores, and absence with a reason."""

from __future__ import annotations

import json

import numpy as np
import pytest
from drawn_labels import CALCIUM, GUIDEWIRE, Drawing
from LesionReadingLib.errors import InputError
from LesionReadingLib.geometry.spacing import Spacing
from OCTCalciumLib.measurement.pullback import Parameters, measure_pullback, remeasure
from OCTCalciumLib.presenting.measurements_json import to_json

SPACING = Spacing(0.03, 0.03, 0.2, "DICOM (0028,0030) Pixel Spacing", "typed by the user")
SHAPE = (160, 160)


def frame(*sectors, lumen_mm=1.2, centre_mm=(0.0, 0.0)):
    """One frame with a lumen and ring sectors of calcium, each (start, extent) or (start, extent, outer radius)."""
    drawing = Drawing(SHAPE, 0.03, 0.03, centre_mm).lumen(lumen_mm)
    for start, extent, *outer in sectors:
        drawing.sector(CALCIUM, 1.3, *(outer or [1.7]), start, extent)
    return drawing.labels


def pullback(*frames):
    return np.stack(frames)


def span(lesion):
    return lesion.first_frame, lesion.last_frame


EMPTY = frame()


@pytest.mark.parametrize("spacing", [Spacing(0.01, 0.01, 0.2), Spacing(0.01, 0.02, 0.1), Spacing(0.02, 0.01, 0.25)])
def test_the_volume_is_that_of_the_drawn_body(spacing):
    # A quarter of a tube of which the wall grows thinner from frame to frame, centred in each frame.
    shape = (round(4.2 / spacing.row_mm), round(4.2 / spacing.column_mm))
    outer = np.linspace(1.9, 1.5, 6)
    frames = [
        Drawing(shape, spacing.row_mm, spacing.column_mm).lumen(1.0).sector(CALCIUM, 1.1, radius, 15, 90).labels for radius in outer
    ]
    expected = sum(np.pi / 4 * (radius**2 - 1.1**2) * spacing.frame_mm for radius in outer)
    measurement = measure_pullback(pullback(*frames), spacing)
    assert measurement.volume_mm3 == pytest.approx(expected, rel=0.01)
    assert sum(lesion.volume_mm3 for lesion in measurement.lesions) == pytest.approx(measurement.volume_mm3)


def test_the_volume_counts_every_labelled_voxel():
    labels = np.random.default_rng(3).integers(0, 4, (3, 30, 40)).astype(np.uint8)
    measurement = measure_pullback(labels, Spacing(0.01, 0.02, 0.2))
    assert measurement.volume_mm3 == pytest.approx((labels == 1).sum() * 0.01 * 0.02 * 0.2)
    assert sum(lesion.volume_mm3 for lesion in measurement.lesions) <= measurement.volume_mm3


def test_frames_of_180_degrees_or_more_form_runs():
    wide, narrow = frame((0, 200)), frame((0, 150))
    measurement = measure_pullback(pullback(narrow, wide, frame((0, 240)), wide, EMPTY, wide, narrow), SPACING)
    assert [(run.first_frame, run.last_frame) for run in measurement.runs] == [(1, 3), (5, 5)]
    assert [run.length_mm for run in measurement.runs] == pytest.approx([0.6, 0.2])
    assert measurement.over_180_length_mm == pytest.approx(0.8)
    assert measurement.runs[0].max_arc_frame == measurement.max_arc_frame == 2
    assert measurement.max_arc_deg == pytest.approx(240, abs=2)


def test_a_run_at_both_ends_of_the_pullback_is_whole():
    measurement = measure_pullback(pullback(frame((0, 200)), frame((0, 200))), SPACING)
    assert [(run.first_frame, run.last_frame) for run in measurement.runs] == [(0, 1)]


def test_runs_and_maximum_use_the_arc_bridged_through_the_shadow():
    drawing = Drawing(SHAPE, 0.03, 0.03).lumen().sector(CALCIUM, 1.3, 1.7, 0, 200).sector(GUIDEWIRE, 0.5, 2.2, 80, 30)
    measurement = measure_pullback(pullback(EMPTY, drawing.labels), SPACING)
    assert measurement.frames[1].arc_total_deg == pytest.approx(170, abs=2)
    assert measurement.max_arc_deg == pytest.approx(200, abs=2)
    assert [(run.first_frame, run.last_frame) for run in measurement.runs] == [(1, 1)]


def test_calcium_connected_in_angle_and_length_is_one_lesion_across_zero_degrees():
    frames = [frame((350 + 15 * number, 40)) for number in range(4)]
    (lesion,) = measure_pullback(pullback(EMPTY, *frames, EMPTY), SPACING).lesions
    assert span(lesion) == (1, 4)
    assert lesion.length_mm == pytest.approx(0.8)
    assert lesion.max_arc_deg == pytest.approx(40, abs=2)


def test_two_deposits_of_one_frame_are_two_lesions():
    both = frame((0, 40), (180, 60, 2.0))
    small, large = sorted(measure_pullback(pullback(both, both), SPACING).lesions, key=lambda lesion: lesion.max_arc_deg)
    assert (small.max_arc_deg, large.max_arc_deg) == pytest.approx((40, 60), abs=2)
    assert (small.max_thickness_mm, large.max_thickness_mm) == pytest.approx((0.4, 0.7), abs=0.03)
    assert small.volume_mm3 == pytest.approx(np.pi * (1.7**2 - 1.3**2) * 40 / 360 * 0.4, rel=0.03)


def test_two_deposits_that_meet_in_another_frame_are_one_lesion():
    parted, joined = frame((0, 40), (60, 40)), frame((0, 100))
    (lesion,) = measure_pullback(pullback(parted, parted, joined), SPACING).lesions
    assert span(lesion) == (0, 2)
    assert lesion.max_arc_deg == pytest.approx(100, abs=2)


def test_neighbouring_frames_that_share_no_angle_are_two_lesions():
    assert len(measure_pullback(pullback(frame((0, 40)), frame((90, 40))), SPACING).lesions) == 2


@pytest.mark.parametrize(("gap", "lesions"), [(0, 2), (1, 2), (2, 1), (3, 1)])
def test_the_allowed_gap_between_frames_is_a_parameter(gap, lesions):
    labels = pullback(frame((0, 40)), EMPTY, EMPTY, frame((0, 40)))
    measurement = measure_pullback(labels, SPACING, Parameters(lesion_gap_frames=gap))
    assert len(measurement.lesions) == lesions
    assert measurement.parameters.lesion_gap_frames == gap


def test_a_lesion_continues_under_the_shadow_that_wanders_over_it():
    frames = [
        Drawing(SHAPE, 0.03, 0.03).lumen().sector(CALCIUM, 1.3, 1.7, 0, 90).sector(GUIDEWIRE, 0.5, 2.2, wire, 20).labels
        for wire in (20, 30, 40, 50)
    ]
    (lesion,) = measure_pullback(pullback(*frames), SPACING).lesions
    assert lesion.max_arc_deg == pytest.approx(90, abs=2)


@pytest.mark.parametrize(
    ("arc", "outer", "frames", "score"),
    [
        (170, 1.6, 10, (0, 0, 0)),
        (190, 1.6, 10, (2, 0, 0)),
        (170, 1.9, 10, (0, 1, 0)),
        (170, 1.6, 25, (0, 0, 0)),  # exactly 5 mm is not longer than 5 mm
        (170, 1.6, 26, (0, 0, 1)),
        (190, 1.9, 26, (2, 1, 1)),
    ],
)
def test_the_calcium_score_compares_strictly(arc, outer, frames, score):
    (lesion,) = measure_pullback(pullback(*[frame((0, arc, outer))] * frames), SPACING).lesions
    given = lesion.calcium_score
    assert (given.angle, given.thickness, given.length) == score
    assert given.total == sum(score)
    assert lesion.rule_of_fives.met == (score == (2, 1, 1))


def test_the_score_names_the_frame_of_each_point():
    labels = pullback(frame((0, 60)), frame((0, 220)), frame((0, 60)), frame((0, 60, 2.0)))
    (lesion,) = measure_pullback(labels, SPACING).lesions
    assert (lesion.calcium_score.angle_frame, lesion.calcium_score.thickness_frame) == (1, 3)
    assert lesion.max_thickness_mm == pytest.approx(0.7, abs=0.03)


def test_the_minimum_lumen_area_is_that_of_the_narrowest_whole_lumen():
    cut = frame(lumen_mm=0.8, centre_mm=(2.1, 0))
    labels = pullback(frame(lumen_mm=1.5), frame(lumen_mm=1.0), cut, np.zeros(SHAPE, np.uint8))
    area, at = measure_pullback(labels, SPACING).minimum_lumen_area
    assert at == 1
    assert area == pytest.approx(np.pi, rel=0.01)


def test_one_frame_is_a_pullback():
    for labels in (frame((0, 200)), frame((0, 200))[None]):
        measurement = measure_pullback(labels, SPACING)
        assert len(measurement.frames) == 1
        assert measurement.volume_mm3 == pytest.approx(np.pi * (1.7**2 - 1.3**2) * 200 / 360 * 0.2, rel=0.01)
        assert measurement.lesions[0].length_mm == pytest.approx(0.2)


def test_a_pullback_without_calcium_has_no_lesion_and_no_volume():
    measurement = measure_pullback(pullback(EMPTY, EMPTY), SPACING)
    assert (measurement.volume_mm3, measurement.max_arc_deg, measurement.max_arc_frame) == (0, 0, None)
    assert (measurement.lesions, measurement.runs, measurement.over_180_length_mm) == ((), (), 0)
    assert "max_thickness_mm" in measurement.missing


def test_the_thickness_map_lies_by_frame_and_degree():
    thickness = measure_pullback(pullback(EMPTY, frame((90, 30))), SPACING).thickness_map_mm
    assert thickness.shape == (2, 360)
    assert thickness.dtype == np.float32
    assert np.isnan(thickness[0]).all()
    assert thickness[1, 95:115] == pytest.approx(0.4, abs=0.03)
    assert np.isnan(thickness[1, [0, 60, 150, 270]]).all()


@pytest.mark.parametrize(
    ("spacing", "absent", "present"),
    [
        (Spacing(None, None, 0.2), {"volume_mm3", "max_thickness_mm", "minimum_lumen_area", "thickness_map_mm"},
         {"over_180_length_mm"}),
        (Spacing(0.03, 0.03, None), {"volume_mm3", "over_180_length_mm"}, {"max_thickness_mm", "minimum_lumen_area"}),
        (Spacing(None, None, None), {"volume_mm3", "max_thickness_mm", "over_180_length_mm", "minimum_lumen_area"}, set()),
    ],
    ids=["in-plane", "frame", "both"],
)  # fmt: skip
def test_what_needs_an_unknown_spacing_is_absent_with_a_reason(spacing, absent, present):
    measurement = measure_pullback(pullback(frame((0, 200)), frame((0, 200))), spacing)
    for name in absent:
        assert getattr(measurement, name) is None
        assert "not known" in measurement.missing[name]
    for name in present:
        assert getattr(measurement, name) is not None
        assert name not in measurement.missing
    assert measurement.max_arc_deg == pytest.approx(200, abs=2)
    (lesion,) = measurement.lesions
    assert lesion.volume_mm3 is None
    assert lesion.calcium_score.angle == 2
    assert lesion.calcium_score.total is None


def test_an_edited_frame_measured_alone_gives_the_measurement_of_the_whole():
    labels = pullback(frame((0, 40)), frame((0, 40)), EMPTY, frame((0, 190)))
    before = measure_pullback(labels, SPACING)
    labels[1] = frame((200, 60), (300, 30))
    after, whole = remeasure(before, labels[1], 1), measure_pullback(labels, SPACING)
    assert to_json(after) == to_json(whole)
    assert to_json(after) != to_json(before)
    assert np.array_equal(after.thickness_map_mm, whole.thickness_map_mm, equal_nan=True)


def test_an_edited_frame_keeps_the_choices_of_the_measurement():
    labels = pullback(frame((0, 40)), frame((0, 40), centre_mm=(0.4, 0.4)))
    before = measure_pullback(labels, SPACING, Parameters("catheter", 0))
    assert to_json(remeasure(before, labels[1], 1)) == to_json(before)


@pytest.mark.parametrize(("labels", "number"), [(EMPTY, 2), (EMPTY, -1), (pullback(EMPTY, EMPTY), 0), (np.full(SHAPE, 9), 0)])
def test_an_edited_frame_that_does_not_fit_is_refused(labels, number):
    with pytest.raises(InputError):
        remeasure(measure_pullback(pullback(EMPTY, EMPTY), SPACING), labels, number)


@pytest.mark.parametrize("value", [np.nan, 0.5, 4, -1])
def test_a_label_map_with_other_values_is_refused(value):
    labels = np.zeros((2, 8, 8))
    labels[1, 2, 3] = value
    with pytest.raises(InputError):
        measure_pullback(labels, SPACING)


@pytest.mark.parametrize(
    "spacing", [Spacing(0, 0.03, 0.2), Spacing(0.03, -1, 0.2), Spacing(0.03, 0.03, np.nan), Spacing(0.03, 0.03, np.inf)]
)
def test_a_spacing_that_is_no_positive_number_is_refused(spacing):
    with pytest.raises(InputError, match="spacing"):
        measure_pullback(EMPTY, spacing)


def test_the_json_has_every_key_of_the_contract_and_is_json():
    labels = pullback(EMPTY, frame((0, 200)), np.zeros(SHAPE, np.uint8))
    written = json.loads(json.dumps(to_json(measure_pullback(labels, SPACING)), allow_nan=False))
    assert written["schema"] == "oct-calcium/1"
    assert written["spacing_mm"] == [0.03, 0.03, 0.2]
    assert written["spacing_source"] == {"in_plane": SPACING.in_plane_source, "frame": SPACING.frame_source}
    assert {"volume_mm3", "max_arc_deg", "arc_over_180", "frames", "lesions"} <= written.keys()
    assert written["arc_over_180"]["length_mm"] == pytest.approx(0.2)
    (run,) = written["arc_over_180"]["runs"]
    assert (run["first_frame"], run["last_frame"]) == (1, 1)
    keys = {
        "frame", "position_mm", "area_mm2", "arc_total_deg", "arc_contiguous_deg", "arc_bridged_deg", "max_thickness_mm",
        "min_depth_mm", "lumen_area_mm2",
    }  # fmt: skip
    assert [entry["frame"] for entry in written["frames"]] == [0, 1, 2]
    assert all(keys <= entry.keys() for entry in written["frames"])
    assert written["frames"][2]["lumen_area_mm2"] is None
    assert written["frames"][1]["position_mm"] == pytest.approx(0.2)
    (lesion,) = written["lesions"]
    assert {"first_frame", "last_frame", "length_mm", "volume_mm3", "max_arc_deg", "max_thickness_mm"} <= lesion.keys()
    assert {"total", "angle", "thickness", "length"} <= lesion["calcium_score"].keys()
    assert lesion["calcium_score"]["total"] == 2


def test_the_json_of_an_unknown_spacing_has_nulls_with_reasons():
    written = json.loads(
        json.dumps(to_json(measure_pullback(pullback(frame((0, 200))), Spacing(None, None, None))), allow_nan=False)
    )
    assert written["spacing_mm"] == [None, None, None]
    assert written["volume_mm3"] is None
    assert written["missing"]["volume_mm3"]
    assert written["frames"][0]["position_mm"] is None
    assert written["lesions"][0]["length_mm"] is None

"""Ranges of arc and volume from a network's scores: their geometry, what they keep to, and how often they hold the truth."""

from __future__ import annotations

import json

import numpy as np
import pytest
from LesionReadingLib.geometry.spacing import Spacing
from OCTCalciumLib.labels import CALCIUM, GUIDEWIRE, LUMEN
from OCTCalciumLib.measurement.pullback import measure_pullback
from OCTCalciumLib.presenting.measurements_json import to_json
from OCTCalciumLib.wall.calcium_range import CalciumRange, arc_ranges_deg, calcium_range, largest_arc_deg, volume_range_mm3
from OCTCalciumLib.wall.polar_view import ANGLES, DEPTHS, polar_view

from training.oct.second_step.coverage import range_coverage

PIXEL_MM = 0.01
RAY_DEG = 360 / ANGLES


def a_frame(arc_deg: float = 0.0, lumen_mm: float = 1.2, size: int = 512, wire_deg: tuple = ()) -> np.ndarray:
    """A round lumen about the middle, calcium of an arc that begins at 0 degrees 0.2 mm behind it, and a wire's sector."""
    down, right = np.mgrid[:size, :size] - (size - 1) / 2
    distance, angle = np.hypot(down, right) * PIXEL_MM, np.degrees(np.arctan2(down, right)) % 360
    labels = np.zeros((size, size), np.uint8)
    depth = distance - lumen_mm
    labels[(depth > 0.2) & (depth < 0.7) & (angle < arc_deg)] = CALCIUM
    labels[depth < 0] = LUMEN
    if wire_deg:
        labels[(angle > wire_deg[0]) & (angle < wire_deg[1]) & (depth > -0.5) & (depth < 1)] = GUIDEWIRE
    return labels


def samples(first: int, last: int, inner: int = 20, outer: int = 40) -> np.ndarray:
    """Rays ``first`` to ``last`` (turned on past the seam) between two depths."""
    drawn = np.zeros((ANGLES, DEPTHS), bool)
    drawn[np.arange(first, last) % ANGLES, inner:outer] = True
    return drawn


def no_wire() -> np.ndarray:
    return np.zeros(ANGLES, bool)


@pytest.mark.parametrize(("first", "last"), [(10, 40), (180, 220), (0, ANGLES), (-4, 3)])
def test_an_arc_of_rays_is_as_wide_as_they_are_also_across_the_seam(first, last):
    assert largest_arc_deg(samples(first, last), no_wire()) == pytest.approx((last - first) * RAY_DEG, abs=0.51)


def test_two_deposits_are_two_arcs_unless_a_shadow_joins_them():
    both = samples(10, 30) | samples(45, 60)
    assert largest_arc_deg(both, no_wire()) == pytest.approx(20 * RAY_DEG, abs=0.51)
    between = no_wire()
    between[30:45] = True
    assert largest_arc_deg(both, between) == pytest.approx(50 * RAY_DEG, abs=0.51)
    beyond_any_shadow = samples(10, 30) | samples(90, 100)
    hidden = no_wire()
    hidden[30:90] = True  # 112 degrees
    assert largest_arc_deg(beyond_any_shadow, hidden) == pytest.approx(20 * RAY_DEG, abs=0.51)


def test_nothing_has_no_arc():
    assert largest_arc_deg(np.zeros((ANGLES, DEPTHS), bool), no_wire()) == 0


@pytest.mark.parametrize("lumen_mm", [0.8, 1.4])
def test_the_area_of_samples_is_that_of_the_ring_sector_they_fill(lumen_mm):
    view = polar_view(a_frame(lumen_mm=lumen_mm), PIXEL_MM)
    few, many = samples(0, 48, 20, 40), samples(0, 96, 12, 52)
    found = calcium_range(view, few, many)
    for area, rays, columns in ((found.area_mm2[0], 48, (20, 40)), (found.area_mm2[1], 96, (12, 52))):
        inner, outer = (lumen_mm - 0.2 + 0.025 * (column - 0.5) for column in columns)
        assert area == pytest.approx(np.pi * (outer**2 - inner**2) * rays / ANGLES, rel=0.02)
    assert found.arc_deg == pytest.approx((90, 180), abs=0.51)


def test_calcium_in_the_wires_sector_is_in_no_range():
    view = polar_view(a_frame(wire_deg=(10, 40)), PIXEL_MM)
    hidden = calcium_range(view, samples(8, 20, 12, 40), samples(8, 20, 12, 40))
    assert hidden.area_mm2[1] == 0


def test_the_measured_value_lies_in_its_range_and_volumes_add_up():
    spacing = Spacing(PIXEL_MM, PIXEL_MM, 0.2)
    measurement = measure_pullback(np.stack([a_frame(100), a_frame(0), a_frame(40)]), spacing)
    ranges = [CalciumRange((60.0, 80.0), (0.1, 0.2)), None, CalciumRange((20.0, 90.0), (0.05, 3.0))]
    arcs = arc_ranges_deg(measurement, ranges)
    assert arcs[0] == pytest.approx((60, 100), abs=1) and arcs[1] is None and arcs[2] == (20.0, 90.0)
    assert volume_range_mm3(measurement, ranges) == pytest.approx((0.15 * 0.2, 3.2 * 0.2))
    written = json.loads(json.dumps(to_json(measurement, (), ranges)))
    assert written["volume_range_mm3"] == pytest.approx([0.03, 0.64])
    assert written["frames"][1]["arc_range_deg"] is None and written["frames"][2]["arc_range_deg"] == [20.0, 90.0]
    assert "volume_range_mm3" not in written["missing"]


@pytest.mark.parametrize("spacing", [Spacing(None, None, 0.2), Spacing(PIXEL_MM, PIXEL_MM, None), Spacing(None, None, None)])
def test_no_volume_range_without_a_spacing_but_the_arc_keeps_its_own(spacing):
    measurement = measure_pullback(a_frame(50)[None], spacing)
    written = to_json(measurement, (), [CalciumRange((20.0, 90.0), (0.05, 3.0))])
    assert written["volume_range_mm3"] is None and "spacing" in written["missing"]["volume_range_mm3"]
    assert written["frames"][0]["arc_range_deg"] == (20.0, 90.0)


def test_labels_that_no_model_scored_have_no_range_and_say_why():
    written = to_json(measure_pullback(a_frame(50)[None], Spacing(PIXEL_MM, PIXEL_MM, 0.2)))
    assert written["volume_range_mm3"] is None and written["frames"][0]["arc_range_deg"] is None
    assert "scores" in written["missing"]["arc_range_deg"] and "scores" in written["missing"]["volume_range_mm3"]


def test_coverage_counts_frames_and_pullbacks_whose_truth_lies_in_the_range():
    spacing = Spacing(PIXEL_MM, PIXEL_MM, 0.2)
    true, found = (measure_pullback(np.stack([a_frame(arc), a_frame(60), a_frame(0)]), spacing) for arc in (100, 80))
    narrow = [
        CalciumRange((79.0, 81.0), (0.0, 0.01)),
        CalciumRange((30.0, 70.0), (0.0, 0.01)),
        CalciumRange((0.0, 0.0), (0.0, 0.0)),
    ]
    wide = [CalciumRange((70.0, 110.0), (0.0, 5.0)), *narrow[1:]]
    figures = range_coverage([(true, found, narrow), (true, found, wide)])
    assert figures["arc"] == {"count": 4, "held": 0.75, "width": pytest.approx((2 + 40 + 40 + 40) / 4, abs=0.6)}
    assert figures["volume"]["count"] == 2 and figures["volume"]["held"] == 0.5
    assert range_coverage([(true, found, None)]) is None

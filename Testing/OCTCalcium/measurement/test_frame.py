"""The numbers of one frame, against geometry: angles within 2 degrees, thickness within 0.03 mm, areas within 1 %."""

from __future__ import annotations

import numpy as np
import pytest
from drawn_labels import CALCIUM, GUIDEWIRE, LUMEN, Drawing
from LesionReadingLib.geometry.spacing import Spacing
from OCTCalciumLib.measurement.pullback import measure_frame

FINE = Spacing(0.02, 0.02, 0.2)
DEG, MM = 2.0, 0.03


def measured(drawing, spacing=FINE, **options):
    return measure_frame(drawing.labels, spacing, 0, **options)


def arcs(measurement):
    return measurement.arc_total_deg, measurement.arc_contiguous_deg, measurement.arc_bridged_deg


@pytest.mark.parametrize("extent", [20, 90, 179, 181, 270, 330])
@pytest.mark.parametrize("start", [0, 77, 300, 350])
def test_a_wedge_has_its_angle_also_across_zero_degrees(start, extent):
    frame = measured(Drawing().lumen().sector(CALCIUM, 1.3, 1.8, start, extent))
    assert arcs(frame) == pytest.approx((extent,) * 3, abs=DEG)
    assert (frame.bridged_start_deg - start + 180) % 360 - 180 == pytest.approx(0, abs=DEG)


@pytest.mark.parametrize(("row_mm", "column_mm"), [(0.01, 0.03), (0.03, 0.01), (0.02, 0.04)])
@pytest.mark.parametrize("start", [10, 130])
def test_pixels_that_are_not_square_change_no_angle_no_thickness_and_no_area(row_mm, column_mm, start):
    shape = (round(6 / row_mm), round(6 / column_mm))
    drawing = Drawing(shape, row_mm, column_mm).lumen().sector(CALCIUM, 1.3, 1.9, start, 100)
    frame = measured(drawing, Spacing(row_mm, column_mm, 0.2))
    assert arcs(frame) == pytest.approx((100,) * 3, abs=DEG)
    assert frame.max_thickness_mm == pytest.approx(0.6, abs=MM)
    assert frame.min_depth_mm == pytest.approx(0.1, abs=MM)
    assert frame.area_mm2 == pytest.approx(np.pi * (1.9**2 - 1.3**2) * 100 / 360, rel=0.01)
    assert frame.lumen_area_mm2 == pytest.approx(np.pi * 1.2**2, rel=0.01)


@pytest.mark.parametrize("pixel_mm", [0.007, 0.01, 0.02, 0.03])
def test_thickness_depth_and_angle_hold_for_every_pixel_size(pixel_mm):
    size = round(5 / pixel_mm)
    drawing = Drawing((size, size), pixel_mm, pixel_mm, (0.123, -0.087)).lumen(1.0).sector(CALCIUM, 1.21, 1.83, 33, 145)
    frame = measured(drawing, Spacing(pixel_mm, pixel_mm, 0.2))
    assert arcs(frame) == pytest.approx((145,) * 3, abs=DEG)
    assert frame.max_thickness_mm == pytest.approx(0.62, abs=MM)
    assert frame.min_depth_mm == pytest.approx(0.21, abs=MM)


def test_angles_are_seen_from_the_lumen_wherever_it_lies_in_the_image():
    off_centre = Drawing(centre_mm=(0.7, -0.6)).lumen().sector(CALCIUM, 1.3, 1.8, 40, 120)
    frame = measured(off_centre)
    assert arcs(frame) == pytest.approx((120,) * 3, abs=DEG)
    assert frame.vertex == pytest.approx((149.5 + 0.7 / 0.02, 149.5 - 0.6 / 0.02), abs=0.2)


def test_the_catheter_can_be_the_vertex():
    # A half ring around the lumen, seen from a point on its open side, covers the angle between the two inner corners.
    drawing = Drawing(centre_mm=(0.5, 0)).lumen().sector(CALCIUM, 1.3, 1.8, 0, 180)
    frame = measured(drawing, vertex="catheter")
    corner = np.degrees(np.arctan2(0.5, 1.8))
    assert frame.vertex == (149.5, 149.5)
    assert frame.arc_total_deg == pytest.approx(180 - 2 * corner, abs=DEG)


@pytest.mark.parametrize("size", [300, 301])
@pytest.mark.parametrize("start", [0, 100])
def test_without_a_lumen_a_wedge_from_the_image_centre_has_its_angle(size, start):
    frame = measured(Drawing((size, size)).sector(CALCIUM, 0, 1.5, start, 60))
    assert arcs(frame) == pytest.approx((60,) * 3, abs=DEG)
    assert frame.max_thickness_mm == pytest.approx(1.5, abs=MM)
    assert (frame.min_depth_mm, frame.lumen_area_mm2) == (None, None)


def test_a_ring_is_360_degrees():
    frame = measured(Drawing().lumen().sector(CALCIUM, 1.3, 1.8))
    assert arcs(frame) == (360, 360, 360)


def test_a_thin_ring_of_coarse_pixels_is_360_degrees():
    drawing = Drawing((120, 120), 0.05, 0.05).lumen().sector(CALCIUM, 1.3, 1.38)
    assert arcs(measured(drawing, Spacing(0.05, 0.05, 0.2))) == (360, 360, 360)


def test_a_deposit_as_thin_as_a_pixel_is_unbroken_where_its_pixels_touch_at_corners():
    frame = measured(Drawing().lumen().sector(CALCIUM, 1.3, 1.322, 20, 100))
    assert arcs(frame) == pytest.approx((100,) * 3, abs=DEG)


def test_two_deposits_are_added_in_the_total_and_nowhere_else():
    frame = measured(Drawing().lumen().sector(CALCIUM, 1.3, 1.8, 350, 70).sector(CALCIUM, 1.3, 1.6, 120, 110))
    assert arcs(frame) == pytest.approx((180, 110, 110), abs=DEG)


def test_deposits_one_behind_the_other_are_two_deposits():
    frame = measured(Drawing().lumen().sector(CALCIUM, 1.3, 1.5, 0, 100).sector(CALCIUM, 1.7, 2.0, 80, 90))
    assert arcs(frame) == pytest.approx((170, 100, 100), abs=DEG)
    assert frame.max_thickness_mm == pytest.approx(0.3, abs=MM)


def test_a_slit_one_pixel_wide_parts_two_deposits():
    drawing = Drawing().lumen().sector(CALCIUM, 1.3, 1.8, 300, 120)
    drawing.labels[150, 150:] = 0
    frame = measured(drawing)
    assert frame.arc_contiguous_deg == pytest.approx(60, abs=DEG)
    assert frame.arc_total_deg == pytest.approx(120, abs=DEG)


@pytest.mark.parametrize("wire", [0, 90, 171, 345, 352])
def test_the_shadow_of_the_guidewire_is_bridged_wherever_it_falls(wire):
    drawing = Drawing().lumen().sector(CALCIUM, 1.3, 1.8, wire - 60, 140).sector(GUIDEWIRE, 0.6, 2.2, wire, 20)
    assert arcs(measured(drawing)) == pytest.approx((120, 60, 140), abs=DEG)


def test_a_ring_behind_the_shadow_is_360_degrees_when_bridged():
    drawing = Drawing().lumen().sector(CALCIUM, 1.3, 1.8).sector(GUIDEWIRE, 0.6, 2.2, 350, 25)
    assert arcs(measured(drawing)) == pytest.approx((335, 335, 360), abs=DEG)


def test_calcium_on_one_side_of_the_shadow_only_is_not_bridged():
    drawing = Drawing().lumen().sector(CALCIUM, 1.3, 1.8, 100, 80).sector(GUIDEWIRE, 0.6, 2.2, 180, 20)
    assert arcs(measured(drawing)) == pytest.approx((80, 80, 80), abs=DEG)


@pytest.mark.parametrize(("gap", "bridged"), [(0, 150), (1, 150), (6, 70)])
def test_calcium_has_to_touch_the_shadow_on_both_sides(gap, bridged):
    drawing = Drawing().lumen().sector(CALCIUM, 1.3, 1.8, 100, 60).sector(CALCIUM, 1.3, 1.8, 180 + gap, 70 - gap)
    drawing.sector(GUIDEWIRE, 0.6, 2.2, 160, 20)
    assert measured(drawing).arc_bridged_deg == pytest.approx(bridged if bridged == 150 else 70 - gap, abs=DEG)


def test_two_shadows_of_which_one_falls_on_zero_degrees_bridge_their_own_gaps_only():
    drawing = Drawing().lumen().sector(CALCIUM, 1.3, 1.8, 320, 160).sector(CALCIUM, 1.3, 1.8, 190, 80)
    drawing.sector(GUIDEWIRE, 0.6, 2.2, 350, 20).sector(GUIDEWIRE, 0.6, 2.2, 60, 15)
    assert arcs(measured(drawing)) == pytest.approx((205, 80, 160), abs=DEG)


def test_a_wire_labelled_without_its_shadow_bridges_its_own_angle():
    drawing = Drawing().lumen().sector(CALCIUM, 1.3, 1.8, 0, 60).sector(CALCIUM, 1.3, 1.8, 80, 70)
    drawing.sector(GUIDEWIRE, 0.9, 1.1, 60, 20)
    assert arcs(measured(drawing)) == pytest.approx((130, 70, 150), abs=DEG)


def test_a_gap_wider_than_the_shadow_is_not_bridged():
    drawing = Drawing().lumen().sector(CALCIUM, 1.3, 1.8, 0, 90).sector(CALCIUM, 1.3, 1.8, 140, 60)
    drawing.sector(GUIDEWIRE, 0.6, 2.2, 105, 20)
    assert measured(drawing).arc_bridged_deg == pytest.approx(90, abs=DEG)


def test_the_shadow_bridges_only_as_wide_as_it_is_at_the_wall():
    # The wire lies close to the lumen's centre: from there its label fills a wide angle, its shadow on the wall is 20 degrees.
    catheter = (0.0, -0.8)
    drawing = Drawing(centre_mm=(0.0, 0.8)).lumen()
    drawing.sector(CALCIUM, 1.3, 1.8, 30, 90).sector(CALCIUM, 1.3, 1.8, 250, 80)
    drawing.sector(GUIDEWIRE, 0.7, 3.0, -5, 10, apex_mm=catheter)
    frame = measured(drawing)
    assert frame.arc_bridged_deg == pytest.approx(90, abs=DEG)
    assert frame.lumen_area_mm2 == pytest.approx(np.pi * 1.2**2, rel=0.01)


def test_a_guidewire_drawn_from_the_centre_without_a_lumen_bridges_only_its_own_angle():
    drawing = Drawing().sector(CALCIUM, 1.3, 1.8, 0, 80).sector(CALCIUM, 1.3, 1.8, 100, 60).sector(CALCIUM, 1.3, 1.8, 200, 50)
    drawing.sector(GUIDEWIRE, 0, 2.2, 80, 20)
    assert measured(drawing).arc_bridged_deg == pytest.approx(160, abs=DEG)


@pytest.mark.parametrize("offset", [0.0, 0.2])
def test_the_thickness_of_a_crescent_is_where_its_two_circles_are_farthest_apart(offset):
    # Inner circle of 1.3 mm around the lumen, outer circle of 1.6 mm moved to the right: radially 0.3 mm + the move at 0 degrees.
    drawing = Drawing()
    drawing.sector(CALCIUM, 0, 1.6, apex_mm=(0.0, offset)).sector(0, 0, 1.3).lumen()
    assert measured(drawing).max_thickness_mm == pytest.approx(0.3 + offset, abs=MM)


def test_two_deposits_along_one_ray_are_not_one_thick_one():
    drawing = Drawing().lumen().sector(CALCIUM, 1.3, 1.5, 0, 90).sector(CALCIUM, 1.7, 2.1, 0, 90)
    frame = measured(drawing)
    assert frame.max_thickness_mm == pytest.approx(0.4, abs=MM)
    assert frame.min_depth_mm == pytest.approx(0.1, abs=MM)
    assert frame.thickness_mm[10:80] == pytest.approx(0.4, abs=MM)
    assert np.isnan(frame.thickness_mm[95:355]).all()


def test_calcium_that_touches_the_lumen_has_no_depth():
    frame = measured(Drawing().lumen().sector(CALCIUM, 1.2, 1.8, 10, 50))
    assert frame.min_depth_mm == pytest.approx(0, abs=0.005)


@pytest.mark.parametrize("wire", [0, 45, 200])
@pytest.mark.parametrize("width", [12, 40])
def test_the_lumen_is_closed_over_the_sector_of_the_guidewire(wire, width):
    frame = measured(Drawing().lumen().sector(GUIDEWIRE, 0.5, 2.2, wire, width))
    assert frame.lumen_area_mm2 == pytest.approx(np.pi * 1.2**2, rel=0.01)
    assert frame.vertex == pytest.approx((149.5, 149.5), abs=0.5)
    shadow = np.roll(frame.guidewire, -wire)
    assert shadow[2 : width - 2].all()
    assert not shadow[width + 2 : -2].any()


def test_the_lumen_is_closed_also_where_the_catheter_lies_beside_its_centre():
    drawing = Drawing(centre_mm=(0.4, 0.5)).lumen().sector(GUIDEWIRE, 0.4, 2.6, 30, 20, apex_mm=(-0.4, -0.5))
    frame = measured(drawing)
    assert frame.lumen_area_mm2 == pytest.approx(np.pi * 1.2**2, rel=0.01)
    assert frame.vertex == pytest.approx((149.5 + 20, 149.5 + 25), abs=0.7)


def test_a_frame_without_anything_has_no_numbers():
    frame = measured(Drawing())
    assert arcs(frame) == (0, 0, 0)
    assert frame.area_mm2 == 0
    assert (frame.max_thickness_mm, frame.min_depth_mm, frame.lumen_area_mm2, frame.bridged_start_deg) == (None,) * 4
    assert frame.vertex == (149.5, 149.5)
    assert np.isnan(frame.thickness_mm).all()


def test_a_frame_of_calcium_alone_is_calcium_all_round():
    drawing = Drawing((100, 100))
    drawing.labels[:] = CALCIUM
    frame = measured(drawing)
    assert arcs(frame) == (360, 360, 360)
    assert frame.area_mm2 == pytest.approx(4.0)
    assert frame.max_thickness_mm == pytest.approx(np.hypot(1, 1), abs=MM)
    assert frame.calcium_cut


def test_labels_at_the_image_border_are_told_as_cut():
    frame = measured(Drawing(centre_mm=(0, 2.2)).lumen().sector(CALCIUM, 1.3, 1.8, 150, 60))
    assert frame.lumen_cut
    assert not frame.calcium_cut
    assert frame.lumen_area_mm2 < np.pi * 1.2**2


def test_a_small_deposit_is_found():
    drawing = Drawing().lumen()
    drawing.labels[150:153, 240:244] = CALCIUM
    frame = measured(drawing)
    assert frame.area_mm2 == pytest.approx(12 * 0.0004)
    assert frame.arc_total_deg == pytest.approx(np.degrees(0.06 / 1.8), abs=DEG)
    assert frame.max_thickness_mm == pytest.approx(0.08, abs=MM)


def test_without_in_plane_spacing_angles_stay_and_lengths_are_absent():
    frame = measured(Drawing().lumen().sector(CALCIUM, 1.3, 1.8, 20, 100), Spacing(None, None, 0.2))
    assert arcs(frame) == pytest.approx((100,) * 3, abs=DEG)
    assert (frame.area_mm2, frame.max_thickness_mm, frame.min_depth_mm, frame.lumen_area_mm2) == (None,) * 4
    assert np.isnan(frame.thickness_mm).all()


def test_the_position_is_the_number_of_the_frame_times_the_frame_spacing():
    assert measure_frame(Drawing().labels, FINE, 7).position_mm == pytest.approx(1.4)
    assert measure_frame(Drawing().labels, Spacing(0.02, 0.02, None), 7).position_mm is None


def test_lumen_and_calcium_labels_alone_need_no_guidewire():
    drawing = Drawing().sector(LUMEN, 0, 1.2).sector(CALCIUM, 1.3, 1.8, 0, 200)
    assert arcs(measured(drawing)) == pytest.approx((200,) * 3, abs=DEG)

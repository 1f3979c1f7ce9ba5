"""Where angles are seen from, and what strays do: drawings turned and mirrored, whose arcs must not change with the turn."""

from __future__ import annotations

import numpy as np
import pytest
from drawn_labels import BACKGROUND, CALCIUM, GUIDEWIRE, LUMEN, Drawing
from LesionReadingLib.geometry.spacing import Spacing
from OCTCalciumLib.measurement.pullback import Parameters, measure_frame, measure_pullback
from OCTCalciumLib.presenting.measurements_json import to_json
from scipy import ndimage

PIXEL_MM, DEG = 0.02, 2.0
SPACING = Spacing(PIXEL_MM, PIXEL_MM, 0.2)
TURNS_DEG = (0, 33, 71, 90, 128, 200, 254, 311)


def arcs_of(drawing: Drawing, turn_deg: float, mirrored: bool) -> tuple[float, float, float]:
    frame = measure_frame(turned(drawing.labels, turn_deg, mirrored), SPACING, 0)
    return frame.arc_total_deg, frame.arc_contiguous_deg, frame.arc_bridged_deg


def turned(labels: np.ndarray, turn_deg: float, mirrored: bool = False) -> np.ndarray:
    """A square label map turned around its centre, each pixel taking the label that lies nearest."""
    middle, angle = (len(labels) - 1) / 2, np.radians(turn_deg)
    down, right = np.indices(labels.shape) - middle
    rows = np.rint(np.cos(angle) * down - np.sin(angle) * right + middle).astype(int)
    columns = np.rint(np.sin(angle) * down + np.cos(angle) * right + middle).astype(int)
    inside = (rows >= 0) & (rows < len(labels)) & (columns >= 0) & (columns < len(labels))
    made = np.where(inside, labels[rows * inside, columns * inside], BACKGROUND).astype(np.uint8)
    return made[:, ::-1] if mirrored else made


def wire_on_vertex(apart_deg: float, apex_mm=(0.0, 0.0)) -> Drawing:
    drawing = Drawing().lumen().sector(CALCIUM, 1.3, 1.8, 10, 20).sector(CALCIUM, 1.3, 1.8, 10 + apart_deg, 20)
    return drawing.sector(GUIDEWIRE, 0, 0.18, apex_mm=apex_mm)


def nodule(radius_mm: float, away_mm: float) -> Drawing:
    return Drawing().lumen().sector(CALCIUM, 0, radius_mm, apex_mm=(0.0, away_mm))


def crescent_lumen() -> Drawing:
    """A lumen of 260 degrees around calcium that fills the middle of the vessel and one side of it."""
    return Drawing().sector(LUMEN, 0.7, 1.2, 60, 260).sector(CALCIUM, 0, 0.69).sector(CALCIUM, 0, 1.4, -30, 60)


DRAWINGS = {
    "deposits opposite, wire on the vertex": (wire_on_vertex(180), (40, 20, 20)),
    "deposits near, wire on the vertex": (wire_on_vertex(50), (40, 20, 20)),
    "deposits near, wire holding the vertex off its centre": (wire_on_vertex(50, (0.06, 0.05)), (40, 20, 20)),
    "wire shadow wider than any": (
        Drawing().lumen().sector(CALCIUM, 1.3, 1.8, 0, 60).sector(CALCIUM, 1.3, 1.8, 160, 50).sector(GUIDEWIRE, 0.5, 2.2, 60, 100),
        (110, 60, 60),
    ),
    "wire shadow": (
        Drawing().lumen().sector(CALCIUM, 1.3, 1.8, 0, 60).sector(CALCIUM, 1.3, 1.8, 80, 50).sector(GUIDEWIRE, 0.5, 2.2, 60, 20),
        (110, 60, 130),
    ),
    "lumen off the centre": (Drawing(centre_mm=(0.5, 0.4)).lumen().sector(CALCIUM, 1.3, 1.8, 40, 120), (120, 120, 120)),
}


@pytest.mark.parametrize("name", DRAWINGS)
def test_turning_and_mirroring_change_no_arc(name):
    drawing, expected = DRAWINGS[name]
    for number, turn in enumerate(TURNS_DEG):
        assert arcs_of(drawing, turn, number % 2 == 1) == pytest.approx(expected, abs=DEG), turn


@pytest.mark.parametrize(
    "drawing", [nodule(0.6, 0.9), nodule(0.9, 0.75), nodule(1.1, 0.75), nodule(1.15, 0.35), crescent_lumen()], ids=range(5)
)
def test_a_nodule_that_reaches_the_centroid_is_no_ring_however_it_is_turned(drawing):
    arcs = [arcs_of(drawing, turn, turn > 180) for turn in TURNS_DEG]
    assert np.ptp(arcs, axis=0).max() < 2 * DEG
    assert np.max(arcs) < 180


def test_the_vertex_moves_to_the_deepest_lumen_only_where_the_centroid_is_not_open():
    crescent = nodule(1.15, 0.35)
    frame = measure_frame(crescent.labels, SPACING, 0)
    assert frame.vertex_source == "deepest_lumen_point" and frame.vertex_open
    depth = ndimage.distance_transform_edt(crescent.labels == LUMEN)
    assert depth[tuple(np.rint(frame.vertex).astype(int))] > 0.85 * depth.max()
    whole = measure_frame(Drawing().lumen().labels, SPACING, 0)
    assert whole.vertex_source == "lumen_centroid"


@pytest.mark.parametrize("hole_mm", [0.1, 0.3, 0.5])
def test_a_catheter_left_out_of_the_lumen_leaves_the_vertex_where_it_is(hole_mm):
    drawing = Drawing().lumen().sector(CALCIUM, 1.3, 1.8, 30, 100).sector(BACKGROUND, 0, hole_mm)
    frame = measure_frame(drawing.labels, SPACING, 0)
    assert frame.vertex_source == "lumen_centroid"
    assert frame.arc_bridged_deg == pytest.approx(100, abs=DEG)


def test_a_lumen_cut_by_the_border_has_its_vertex_in_the_lumen():
    frame = measure_frame(Drawing(centre_mm=(0.0, 2.4)).lumen().sector(CALCIUM, 1.3, 1.8, 150, 60).labels, SPACING, 0)
    assert frame.lumen_cut and frame.vertex_source == "lumen_centroid"
    assert frame.arc_bridged_deg < 90


def test_without_a_lumen_label_angles_are_told_as_seen_from_the_image_centre():
    drawing = Drawing(centre_mm=(1.0, 0.9)).sector(CALCIUM, 1.3, 1.6, 150, 120)
    measurement = measure_pullback(drawing.labels, SPACING)
    assert not measurement.frames[0].vertex_open
    written = to_json(measurement)
    assert written["frames"][0]["vertex_source"] == "image_centre" and written["lumen_frames"] == 0


def test_a_catheter_in_calcium_is_no_vertex():
    drawing = Drawing().sector(LUMEN, 0, 0.8, apex_mm=(0.0, -1.2)).sector(CALCIUM, 0, 0.4)
    frame = measure_frame(drawing.labels, SPACING, 0, vertex="catheter")
    assert frame.vertex_source == "catheter" and not frame.vertex_open


# Strays


def the_same_but_for(stray: tuple[int, slice, slice]) -> tuple:
    plain, slipped = (Drawing().lumen().sector(CALCIUM, 1.3, 1.8, 20, 90).sector(GUIDEWIRE, 0.5, 2.2, 200, 20) for _ in range(2))
    label, rows, columns = stray
    slipped.labels[rows, columns] = label
    return measure_frame(plain.labels, SPACING, 0), measure_frame(slipped.labels, SPACING, 0)


@pytest.mark.parametrize(
    "stray",
    [
        (CALCIUM, slice(2, 3), slice(3, 4)),
        (CALCIUM, slice(150, 152), slice(150, 152)),
        (CALCIUM, slice(0, 2), slice(290, 292)),
        (GUIDEWIRE, slice(225, 227), slice(210, 213)),
        (GUIDEWIRE, slice(299, 300), slice(0, 1)),
        (LUMEN, slice(0, 1), slice(150, 151)),
        (LUMEN, slice(280, 290), slice(280, 290)),
        (LUMEN, slice(40, 45), slice(295, 300)),
    ],
    ids=str,
)
def test_a_slip_of_the_brush_changes_no_arc_thickness_depth_or_lumen(stray):
    plain, slipped = the_same_but_for(stray)
    for name in (
        "arc_total_deg",
        "arc_contiguous_deg",
        "arc_bridged_deg",
        "max_thickness_mm",
        "min_depth_mm",
        "lumen_cut",
        "calcium_cut",
    ):
        assert getattr(slipped, name) == pytest.approx(getattr(plain, name), abs=0.3), name
    assert slipped.lumen_area_mm2 == pytest.approx(plain.lumen_area_mm2, rel=0.01)
    assert slipped.strays.any and not plain.strays.any
    assert len(slipped.deposits) == len(plain.deposits) == 1


def test_a_speck_of_calcium_makes_no_lesion_longer_but_is_in_the_volume():
    labels = np.stack([Drawing().lumen().labels for _ in range(8)])
    labels[:4] = Drawing().lumen().sector(CALCIUM, 1.3, 1.8, 0, 60).labels
    plain = measure_pullback(labels, SPACING)
    labels[6, 150, 299] = CALCIUM
    slipped = measure_pullback(labels, SPACING)
    assert (
        [lesion.length_mm for lesion in slipped.lesions] == [lesion.length_mm for lesion in plain.lesions] == [pytest.approx(0.8)]
    )
    assert slipped.volume_mm3 - plain.volume_mm3 == pytest.approx(PIXEL_MM**2 * 0.2)


@pytest.mark.parametrize("side", [1, 5, 8, 15])
def test_a_speck_of_lumen_is_no_minimum_lumen_area(side):
    labels = np.stack([Drawing().lumen(radius).labels for radius in (1.2, 1.0, 1.1)] + [np.zeros((300, 300), np.uint8)])
    labels[3, 20 : 20 + side, 30 : 30 + side] = LUMEN
    measurement = measure_pullback(labels, SPACING)
    area, frame = measurement.minimum_lumen_area
    assert (frame, area) == (1, pytest.approx(np.pi, rel=0.01))
    assert measurement.lumen_frames == 3


def test_a_true_narrowing_stays_the_minimum_lumen_area():
    labels = np.stack([Drawing().lumen(radius).labels for radius in (1.9, 1.9, 0.5)])
    assert measure_pullback(labels, SPACING).minimum_lumen_area[1] == 2


def test_a_second_lumen_of_a_bifurcation_is_no_stray():
    drawing = Drawing().sector(LUMEN, 0, 1.2, apex_mm=(-0.9, 0)).sector(LUMEN, 0, 0.6, apex_mm=(1.4, 0))
    assert measure_frame(drawing.labels, SPACING, 0).lumen_area_mm2 == pytest.approx(np.pi * (1.2**2 + 0.6**2), rel=0.01)


def test_the_choice_of_the_catheter_is_kept_in_the_result():
    written = to_json(measure_pullback(Drawing().lumen().labels, SPACING, Parameters("catheter")))
    assert written["frames"][0]["vertex_source"] == "catheter"

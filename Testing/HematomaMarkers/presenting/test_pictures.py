"""Pictures of slices show every way of storing a head alike: radiological convention, to scale, contours where the mask is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from drawn_bleed import (
    FEET_FIRST,
    HEMATOMA_MIDDLE_MM,
    HEMATOMA_RADII_MM,
    MIRRORED,
    PRONE,
    SUPINE,
    a_grid,
    a_head,
)
from HematomaMarkersLib.colors import COLORS
from HematomaMarkersLib.growth.expansion import growth_of_volumes
from HematomaMarkersLib.labels import HEMATOMA
from HematomaMarkersLib.measurement.measure import measure_scan
from HematomaMarkersLib.presenting.case import Case
from HematomaMarkersLib.presenting.figures import WIDTH_PX, SlicePicture, draw_slice
from HematomaMarkersLib.presenting.pictures import KEY_SLICES, aligned, draw_pictures, key_slices
from HematomaMarkersLib.presenting.present import present
from HematomaMarkersLib.presenting.slice_view import SCALE_BAR_MM, SliceView, heights_mm
from HematomaMarkersLib.triage.findings import findings_of
from HematomaMarkersLib.triage.rules import read_rules
from matplotlib.colors import to_rgb
from PIL import Image

GRIDS = {
    "supine": a_grid(SUPINE),
    "prone": a_grid(PRONE),
    "feet first": a_grid(FEET_FIRST),
    "mirrored": a_grid(MIRRORED),
    "transposed": a_grid(transposed=True),
    "transposed and mirrored": a_grid((-1, -1, 1), transposed=True),
    "wide pixels": a_grid(pixel_mm=(1.0, 3.0)),
    "tall pixels": a_grid(pixel_mm=(3.0, 1.0)),
    "transposed with wide pixels": a_grid(pixel_mm=(1.0, 3.0), transposed=True),
    "tilted": a_grid(tilt_deg=15.0),
}


@pytest.fixture(scope="module", params=GRIDS, ids=str)
def drawn(request, tmp_path_factory):
    """A picture of the slice through the hematoma's middle: uint8 (rows, columns, 3), its view and its box."""
    grid = GRIDS[request.param]
    scan, labels = a_head(grid)
    view, number = SliceView.of(grid), int((labels == HEMATOMA).sum(axis=(1, 2)).argmax())
    heat = blob_of_heat(grid, number)
    box = view.head(scan.hounsfield)
    folder = tmp_path_factory.mktemp("pictures")
    plain, hot = folder / "plain.png", folder / "hot.png"
    draw_slice(plain, SlicePicture("slice", scan.hounsfield[number], labels[number], view, box))
    draw_slice(hot, SlicePicture("slice", scan.hounsfield[number], labels[number], view, box, heat=heat))
    return pixels_of(plain), pixels_of(hot), view, box


def pixels_of(path) -> np.ndarray:
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB")).astype(int)


def blob_of_heat(grid, number) -> np.ndarray:
    """Heat at the back of the patient's right, where no blood is."""
    rows, columns = np.mgrid[: grid.rows, : grid.columns]
    points = grid.lps_mm(np.stack([np.full_like(rows, number), rows, columns], axis=-1))
    return np.exp(-(((points[..., :2] - (-30.0, 35.0)) / 8) ** 2).sum(axis=-1)).astype(np.float32)


def places_of(pixels: np.ndarray, colour: str) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns of the pixels of a colour."""
    wanted = np.array(to_rgb(COLORS[colour])) * 255
    return np.nonzero(np.abs(pixels - wanted).max(axis=-1) < 40)


def mm_per_pixel(box) -> float:
    return box.width / WIDTH_PX


def test_the_contour_runs_around_the_bright_blood(drawn):
    pixels, _, _, box = drawn
    rows, columns = places_of(pixels, "hematoma")
    assert rows.size > 50
    grey = pixels.min(axis=-1)
    blood = (np.ptp(pixels, axis=-1) < 12) & (grey > 150) & (grey < 235)  # 62 of 80 HU: 198; bone and letters are white
    part = blood[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    inner_rows, inner_columns = np.nonzero(part)
    for outer, inner in ((rows, inner_rows), (columns, inner_columns)):
        assert np.ptp(inner) / (np.ptp(outer) + 1) > 0.85
    step = mm_per_pixel(box)
    assert np.ptp(columns) * step == pytest.approx(2 * HEMATOMA_RADII_MM[0], abs=4.5)
    assert np.ptp(rows) * step == pytest.approx(2 * HEMATOMA_RADII_MM[1], abs=4.5)


def test_the_patients_left_is_on_the_right_and_the_front_on_top(drawn):
    pixels, _, view, box = drawn
    assert view.letters == ("R", "L", "A", "P")
    rows, columns = places_of(pixels, "hematoma")
    height, width = pixels.shape[:2]
    bone_rows, bone_columns = np.nonzero(pixels.min(axis=-1) > 245)
    step = mm_per_pixel(box)
    middle_column, middle_row = (bone_columns.min() + bone_columns.max()) / 2, (bone_rows.min() + bone_rows.max()) / 2
    assert ((columns.min() + columns.max()) / 2 - middle_column) * step == pytest.approx(HEMATOMA_MIDDLE_MM[0], abs=3)
    assert columns.mean() > width / 2
    assert rows.mean() < height / 2
    assert middle_row == pytest.approx(height / 2, abs=0.05 * height)


def test_blood_in_the_ventricles_has_a_line_of_its_own_on_the_other_side(drawn):
    pixels = drawn[0]
    rows, columns = places_of(pixels, "intraventricular")
    assert rows.size > 10
    assert columns.mean() < pixels.shape[1] / 2 < places_of(pixels, "hematoma")[1].mean()
    assert rows.mean() > pixels.shape[0] / 2


def test_heat_is_brightest_where_it_is_highest_and_leaves_the_rest_as_it_was(drawn):
    plain, hot, _, box = drawn
    changed = np.abs(plain - hot).sum(axis=-1)
    head = changed[: int(0.9 * len(changed)), : int(0.85 * changed.shape[1])]  # without the colour bar
    row, column = np.unravel_index(head.argmax(), head.shape)
    rows, columns = np.nonzero(head > 0.6 * head.max())
    assert rows.mean() > len(plain) / 2
    assert columns.mean() < plain.shape[1] / 2
    step = mm_per_pixel(box)
    middle = np.array([column, row]) * step - (box.width / 2, box.height / 2)
    assert middle == pytest.approx((-30.0, 35.0), abs=12)
    untouched = head[: len(plain) // 3, plain.shape[1] // 2 :]
    assert untouched.max() < 30


def test_the_scale_bar_is_as_long_as_it_says(drawn):
    pixels, _, _, box = drawn
    lower_left = pixels[int(0.93 * len(pixels)) :, : int(0.5 * pixels.shape[1])]
    longest = max(longest_run(row.min(axis=-1) > 240) for row in lower_left)
    assert longest * mm_per_pixel(box) == pytest.approx(SCALE_BAR_MM, abs=1.5)


def longest_run(flags: np.ndarray) -> int:
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(int), [0]])))
    return int((edges[1::2] - edges[::2]).max(initial=0))


def test_a_picture_is_as_high_as_the_patient_is_long(drawn):
    pixels, _, _, box = drawn
    assert pixels.shape[1] == WIDTH_PX
    assert pixels.shape[0] / pixels.shape[1] == pytest.approx(box.height / box.width, rel=0.01)


def test_without_a_scan_the_contours_stand_alone(tmp_path):
    grid = a_grid()
    _, labels = a_head(grid)
    number = int((labels == HEMATOMA).sum(axis=(1, 2)).argmax())
    view = SliceView.of(grid)
    draw_slice(tmp_path / "a.png", SlicePicture("slice", None, labels[number], view, view.around(labels[number] == HEMATOMA)))
    rows, columns = places_of(pixels_of(tmp_path / "a.png"), "hematoma")
    assert np.ptp(columns) > np.ptp(rows) > 50


def test_a_mask_at_the_border_keeps_its_contour(tmp_path):
    grid = a_grid()
    labels = np.zeros(grid.shape[1:], np.uint8)
    labels[:30, :30] = HEMATOMA
    view = SliceView.of(grid)
    draw_slice(tmp_path / "a.png", SlicePicture("slice", None, labels, view, view.around(labels > 0)))
    rows, columns = places_of(pixels_of(tmp_path / "a.png"), "hematoma")
    step = mm_per_pixel(view.around(labels > 0))
    assert np.ptp(rows) * step == pytest.approx(60, abs=2)
    assert np.ptp(columns) * step == pytest.approx(60, abs=2)


def test_the_headrest_that_the_head_lies_on_is_not_the_head():
    grid = a_grid()
    scan, _ = a_head(grid)
    with_rest = scan.hounsfield.copy()
    with_rest[:, 92:95] = 100
    view = SliceView.of(grid)
    alone, together = view.head(scan.hounsfield), view.head(with_rest)
    assert alone.height < 190
    assert (together.width, together.height) == pytest.approx((alone.width, alone.height), abs=6)


def test_a_slice_without_a_head_is_shown_whole():
    grid = a_grid()
    view = SliceView.of(grid)
    assert view.head(np.full(grid.shape, -1000, np.int16)) == view.whole


@pytest.mark.parametrize("signs", [SUPINE, FEET_FIRST])
def test_key_slices_run_from_foot_to_head_with_a_neighbour_on_either_side(signs):
    grid = a_grid(signs)
    _, labels = a_head(grid, ventricles=False)
    heights = heights_mm(grid)
    chosen = key_slices(labels, heights)
    labelled = set(np.flatnonzero(labels.any(axis=(1, 2))))
    assert labelled < set(chosen)
    assert len(chosen) == len(labelled) + 2
    assert (np.diff(grid.positions_mm[chosen, 2]) > 0).all()


def test_hundreds_of_thin_slices_are_thinned_with_the_largest_among_them():
    labels = np.zeros((300, 4, 4), np.uint8)
    labels[100:251, 0, 0] = HEMATOMA
    labels[137] = HEMATOMA
    chosen = key_slices(labels, np.arange(300) * 0.5)
    assert len(chosen) == KEY_SLICES
    assert 137 in chosen
    assert (chosen[0], chosen[-1]) == (99, 251)
    assert np.diff(chosen).max() < 30


@pytest.mark.parametrize("count", [1, 2, 40])
def test_without_labels_the_slices_of_the_whole_scan_are_shown(count):
    chosen = key_slices(np.zeros((count, 4, 4), np.uint8), np.arange(count) * 5.0)
    assert chosen == sorted(set(chosen))
    assert (chosen[0], chosen[-1]) == (0, count - 1)
    assert len(chosen) == min(count, KEY_SLICES)


def test_uneven_slices_are_thinned_by_their_distance():
    heights = np.concatenate([np.arange(60) * 0.5, 30 + np.arange(1, 21) * 5.0])
    chosen = key_slices(np.ones((80, 4, 4), np.uint8), heights)
    assert np.diff(heights[chosen]).max() < 20


def test_an_earlier_scan_in_another_pose_comes_to_lie_on_the_slice():
    angle = np.radians(12)
    moved = np.eye(4)
    moved[:2, :2] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    moved[:3, 3] = (6.0, -9.0, 7.5)
    now, earlier = a_grid(pixel_mm=(2.0, 2.5)), a_grid(FEET_FIRST, pixel_mm=(1.5, 1.5), slice_mm=4.0)
    scan, labels = a_head(now)
    earlier_scan, earlier_labels = a_head(earlier, moved)
    number = int((labels == HEMATOMA).sum(axis=(1, 2)).argmax())
    hounsfield, shown = aligned(earlier_scan, earlier_labels, now, moved, number)
    both = ((shown == HEMATOMA) & (labels[number] == HEMATOMA)).sum()
    assert 2 * both / ((shown == HEMATOMA).sum() + (labels[number] == HEMATOMA).sum()) > 0.9
    brain = (scan.hounsfield[number] > 0) & (scan.hounsfield[number] < 100)
    assert np.median(np.abs(hounsfield - scan.hounsfield[number])[brain]) < 5


def test_beyond_the_earlier_scan_there_is_air():
    grid = a_grid()
    scan, labels = a_head(grid)
    away = np.eye(4)
    away[2, 3] = 500.0
    hounsfield, shown = aligned(scan, labels, grid, away, 10)
    assert (hounsfield < -1000).all()
    assert not shown.any()


def test_where_nothing_is_marked_now_both_scans_are_shown_where_the_earlier_hematoma_was(tmp_path):
    moved = np.eye(4)
    moved[2, 3] = 10.0  # what lies here is 10 mm higher in the earlier scan
    (scan, labels), (earlier, earlier_labels) = a_head(a_grid()), a_head(a_grid(FEET_FIRST, slice_mm=4.0), moved)
    case = shrunk_to_nothing(scan, (earlier, earlier_labels), moved)
    _before, now = draw_pictures(tmp_path, case).growth
    number = int(now.caption.removeprefix("Now: 0.0 mL. Slice ").partition(";")[0]) - 1
    assert abs(number - int((labels == HEMATOMA).sum(axis=(1, 2)).argmax())) <= 1
    for marked in (earlier_labels, np.zeros_like(earlier_labels)):
        present(tmp_path, shrunk_to_nothing(scan, (earlier, marked), moved), read_rules())
        page = (tmp_path / "report.html").read_text()
        assert "mL earlier, 0.0 mL now" in page and "only its volumes are known" not in page
    assert not draw_pictures(tmp_path, shrunk_to_nothing(scan, (earlier, marked), moved)).growth  # none in either


def shrunk_to_nothing(scan, prior, transform) -> Case:
    """A scan in which nothing is marked, beside an earlier one."""
    labels = np.zeros(scan.hounsfield.shape, np.uint8)
    grown = replace(growth_of_volumes(20.0, 0.0, 0.0, 0.0), transform=transform, rotation_deg=0.0)
    return Case(scan, labels, findings_of(measure_scan(scan, labels), None, grown, read_rules()), prior)

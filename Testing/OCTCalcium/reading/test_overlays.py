"""Overlays: what a console draws must go, what the catheter saw must stay, and colour must become the grey it was made from."""

import numpy as np
import pytest
from dicom_files import ULTRASOUND_MULTI_FRAME, dicom, save
from OCTCalciumLib.reading.display.overlays import find_overlays, grey_without_overlays
from OCTCalciumLib.reading.read import open_pullback
from OCTCalciumLib.vessel.field_of_view import field_of_view

SIZE = 160
GREY = np.linspace(0, 1, 256)
SEPIA = np.rint(255 * np.stack([GREY, 0.8 * GREY**1.4, 0.35 * GREY**2.5], axis=1)).astype(np.uint8)
HOT = np.rint(255 * np.clip(np.stack([3 * GREY, 3 * GREY - 1, 3 * GREY - 2], axis=1), 0, 1)).astype(np.uint8)
PLAIN = np.repeat(np.arange(256, dtype=np.uint8)[:, np.newaxis], 3, axis=1)
RAMPS = {"grey": PLAIN, "sepia": SEPIA, "hot": HOT}


def polar_grid(shape, circle):
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    return np.hypot(rows - circle[0], columns - circle[1])


def tissue(frames=8, shape=(SIZE, SIZE), circle=None, seed=0):
    """Speckled vessel wall around a dark lumen, uint8 (frames, rows, columns); black beyond ``circle`` (row, column, radius)."""
    circle = circle or ((shape[0] - 1) / 2, (shape[1] - 1) / 2, shape[0] / 2 - 1)
    radius = polar_grid(shape, circle)
    generator = np.random.default_rng(seed)
    wall = np.where(radius > 30, 255 * np.exp(-np.maximum(radius - 30, 0) / 60), 8)
    speckle = generator.normal(1, 0.16, (frames, *shape))
    return np.where(radius <= circle[2], np.clip(wall * speckle, 0, 250) + 4, 0).astype(np.uint8)


def cleaned(pictures):
    overlays = find_overlays(list(pictures))
    return np.stack([grey_without_overlays(picture, overlays) for picture in pictures]), overlays


@pytest.mark.parametrize("name", RAMPS)
def test_any_colour_ramp_gives_back_the_grey_it_was_made_from(name):
    grey = tissue()
    recovered, _ = cleaned(RAMPS[name][grey])
    np.testing.assert_allclose(recovered.astype(int), grey, atol=6)


def test_brighter_tissue_stays_brighter():
    recovered, overlays = cleaned(SEPIA[tissue()])
    assert np.all(np.diff(overlays.grey_of_luma.astype(int)) >= 0)
    seen = overlays.grey_of_luma[: int(np.rint(SEPIA[240] @ [0.299, 0.587, 0.114]))]
    assert np.all(np.diff(seen.astype(int)) > 0)
    assert recovered.dtype == np.uint8


def drawn_over(pictures):
    """The pictures with a cyan line (soft edges), a yellow diamond and white ticks; and where they are, soft edges included."""
    painted = pictures.astype(float)
    rows, columns = np.mgrid[:SIZE, :SIZE]
    distance = np.abs(rows - columns * 0.9 - 10) / np.hypot(1, 0.9)
    cover = np.clip(1.5 - distance, 0, 1)[..., np.newaxis] * 0.9
    painted = painted * (1 - cover) + np.array([0, 190, 200]) * cover
    diamond = np.abs(rows - 120) + np.abs(columns - 60) <= 5
    painted[:, diamond] = (235, 225, 90)
    tick = (rows < 12) & (rows > 4) & (columns == 80)
    painted[:, tick] = 255
    return np.rint(painted).astype(np.uint8), (cover[..., 0] > 0.15) | diamond | tick


@pytest.mark.parametrize("name", ["grey", "sepia"])
def test_lines_markers_and_ticks_are_replaced_by_what_surrounds_them(name):
    grey = tissue()
    painted, marks = drawn_over(RAMPS[name][grey])
    if name == "grey":
        marks[4:12, 80] = False  # white lies on a grey ramp: nothing can tell a white tick inside the vessel
    recovered, overlays = cleaned(painted)
    smooth = tissue(frames=200, seed=5).mean(axis=0)
    error = np.abs(recovered.mean(axis=0) - smooth)
    inner = polar_grid((SIZE, SIZE), (79.5, 79.5)) < 76
    edge_of_lumen = np.abs(polar_grid((SIZE, SIZE), (79.5, 79.5)) - 30) < 4
    assert np.percentile(error[marks & inner & ~edge_of_lumen], 95) < 30
    if name == "sepia":
        assert recovered[:, 5:12, 80].max() < 160  # the wall is 110 +- 20 there, the tick was 255
    assert any("drawn over" in note for note in overlays.notes)


@pytest.mark.parametrize("name", ["grey", "sepia"])
def test_what_is_not_drawn_over_is_left_alone(name):
    grey = tissue()
    painted, marks = drawn_over(RAMPS[name][grey])
    recovered, _ = cleaned(painted)
    from scipy.ndimage import binary_dilation

    untouched = ~binary_dilation(marks, iterations=3)
    assert np.mean(np.abs(recovered.astype(int) - grey)[:, untouched] > 8) < 0.001


def test_a_mark_that_moves_from_frame_to_frame_goes_too():
    grey = tissue()
    painted = SEPIA[grey]
    for index, picture in enumerate(painted):
        picture[20 + 12 * index : 24 + 12 * index, 30:130] = (0, 220, 220)
    recovered, _ = cleaned(painted)
    smooth = tissue(frames=200, seed=5).mean(axis=0)
    wall = np.abs(polar_grid((SIZE, SIZE), (79.5, 79.5)) - 55) < 20
    for index, picture in enumerate(recovered):
        mark = np.zeros((SIZE, SIZE), bool)
        mark[20 + 12 * index : 24 + 12 * index, 30:130] = True
        assert np.abs(picture - smooth)[mark & wall].mean() < 35


@pytest.mark.parametrize(
    ("shape", "circle"),
    [
        ((SIZE, SIZE), (79.5, 79.5, 79)),
        ((200, SIZE), (79.5, 79.5, 75)),  # with a longitudinal strip below
        ((SIZE, 260), (80, 90, 70)),  # with a panel at the side
        ((140, 140), (69.5, 69.5, 85)),  # cut off by the picture's four edges, so that only the corners are blank
    ],
)
def test_the_field_of_view_is_found(shape, circle):
    row, column, radius = field_of_view(list(tissue(shape=shape, circle=circle)))
    assert (row, column, radius) == pytest.approx(circle, abs=1.5)


def test_a_dark_shadow_at_the_rim_does_not_move_the_circle():
    frames = tissue()
    rows, columns = np.mgrid[:SIZE, :SIZE] - (SIZE - 1) / 2
    frames[:, (np.arctan2(rows, columns) > -1.2) & (np.arctan2(rows, columns) < -0.3)] = 0
    assert field_of_view(list(frames)) == pytest.approx((79.5, 79.5, 79), abs=1.5)


@pytest.mark.parametrize("frames", [1, 2, 8])
def test_a_picture_without_a_circle_keeps_its_corners(frames):
    picture = np.clip(np.random.default_rng(2).normal(90, 20, (frames, SIZE, SIZE)), 0, 255).astype(np.uint8)
    assert field_of_view(list(picture)) is None
    np.testing.assert_array_equal(cleaned(picture)[0], picture)


def test_a_rectangle_or_a_black_picture_is_no_circle():
    picture = np.zeros((6, SIZE, SIZE), np.uint8)
    assert field_of_view(list(picture)) is None
    picture[:, 20:140, 30:130] = np.random.default_rng(2).integers(40, 200, (6, 120, 100))
    assert field_of_view(list(picture)) is None


def test_text_scale_bar_strip_and_ticks_beyond_the_circle_are_blanked():
    shape, circle = (200, SIZE), (79.5, 79.5, 79)
    grey = tissue(shape=shape, circle=circle)
    outside = polar_grid(shape, circle) > 81
    marked = grey.copy()
    marked[:, 4:10, 3:25] = 255
    marked[:, 150:153, 120:158] = 200
    marked[:, 165:200] = np.random.default_rng(3).integers(0, 255, (35, SIZE))
    for index in range(len(marked)):
        marked[index, 165:200, 10 * index] = 255
    recovered, overlays = cleaned(marked)
    assert not recovered[:, outside].any()
    np.testing.assert_array_equal(recovered[:, polar_grid(shape, circle) < 78], grey[:, polar_grid(shape, circle) < 78])
    assert any("outside the field of view" in note for note in overlays.notes)


@pytest.mark.parametrize("below", [True, False])
def test_a_strip_goes_even_where_no_circle_can_be_found(below):
    """A picture without a round edge, the strip under or over it, with the line that shows which frame is on display."""
    grey = np.random.default_rng(2).integers(20, 200, (8, 120, 160)).astype(np.uint8)
    strip = np.broadcast_to(np.random.default_rng(3).integers(60, 220, (30, 160)), (8, 30, 160)).astype(np.uint8).copy()
    for index in range(8):
        strip[index, :, 15 * index] = 255
    recovered, overlays = cleaned(np.concatenate([grey, strip] if below else [strip, grey], axis=1))
    kept, blanked = (slice(0, 120), slice(120, 150)) if below else (slice(30, 150), slice(0, 30))
    assert not recovered[:, blanked].any()
    np.testing.assert_array_equal(recovered[:, kept], grey)
    assert len(overlays.notes) == 1


def test_nothing_is_told_where_nothing_is_removed():
    _, overlays = cleaned(tissue())
    assert overlays.notes == ()


def test_a_pullback_is_cleaned_on_its_way_in(tmp_path):
    grey = tissue(frames=10)
    painted, marks = drawn_over(SEPIA[grey])
    painted[:, 2:8, 2:20] = 255
    path = save(dicom(painted, SOPClassUID=ULTRASOUND_MULTI_FRAME, Modality="US"), tmp_path / "a.dcm")
    pullback = open_pullback(path)
    frames = np.stack(list(pullback.read(0, 10)))
    assert frames.shape == grey.shape and not frames[:, :10, :20].any()
    assert len(pullback.notes) == 2
    inner = polar_grid((SIZE, SIZE), (79.5, 79.5)) < 76
    assert np.mean(np.abs(frames.astype(int) - grey)[:, inner & ~marks] > 12) < 0.01

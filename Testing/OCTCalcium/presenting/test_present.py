"""Tables, pictures and the report's words, on the vessel of ``drawn_vessel``."""

from __future__ import annotations

import csv
from contextlib import nullcontext
from dataclasses import replace

import numpy as np
import pytest
from drawn_labels import CALCIUM, GUIDEWIRE, LUMEN, Drawing
from drawn_vessel import FRAME_MM, PIXEL_MM, SPACING, WIDE, a_frame, a_vessel
from LesionReadingLib.geometry.grid import even_grid
from LesionReadingLib.geometry.spacing import Spacing
from LesionReadingLib.labels.label_map import LabelMap
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from OCTCalciumLib.measurement.pullback import measure_pullback
from OCTCalciumLib.presenting.figures import frames
from OCTCalciumLib.presenting.figures.along import Along, axis_along
from OCTCalciumLib.presenting.present import present
from OCTCalciumLib.presenting.rendering.stack import NOT_TO_SCALE
from OCTCalciumLib.reading.pullback import Pullback
from PIL import Image

FRAME_SIDE_PIXELS, TITLE_PIXELS = 780, 48  # of the pictures of single frames


def a_pullback(labels, spacing=SPACING):
    grey = np.full(labels.shape, 90, np.uint8)
    return Pullback(even_grid(labels.shape, spacing), lambda first, stop: iter(grey[first:stop]))


def presented(folder, labels, spacing=SPACING, with_frames=True, **given):
    pullback = a_pullback(labels, spacing) if with_frames else None
    label_map = LabelMap(labels, even_grid(labels.shape, spacing))
    present(folder, label_map, measure_pullback(labels, spacing), pullback=pullback, **given)
    return folder


def picture_of(path):
    return np.asarray(Image.open(path).convert("RGB"))


def rows_of(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def around(pixels, x, y, reach=3):
    """The pixels near a place, as (count, 3)."""
    x, y = round(x), round(y)
    return pixels[y - reach : y + reach + 1, x - reach : x + reach + 1].reshape(-1, 3).astype(int)


@pytest.fixture(scope="module")
def a_presentation(tmp_path_factory):
    return presented(tmp_path_factory.mktemp("presented"), a_vessel())


def test_what_is_written_meanwhile_has_every_label_and_its_words_stand_in_the_report(tmp_path):
    labels = a_vessel()
    labels[2, 0, :2] = LUMEN  # no pixel far out is a lumen: it is in no picture
    given, seen = labels.copy(), []
    presented(tmp_path, labels, meanwhile=lambda: seen.append(labels.copy()) or ["Written with every label."])
    np.testing.assert_array_equal(seen, [given])
    assert np.argwhere(labels != given).tolist() == [[2, 0, 0], [2, 0, 1]]
    assert "Written with every label." in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_what_is_done_afterwards_may_overwrite_the_labels(a_presentation, tmp_path):
    labels = a_vessel()
    presented(tmp_path, labels, afterwards=lambda: labels.fill(0))
    assert not labels.any()
    for name in ("frames.csv", "arcs.png", "frame_max_arc.png", "calcium_3d.png"):
        assert (tmp_path / name).read_bytes() == (a_presentation / name).read_bytes()


def test_what_fails_afterwards_ends_the_run(tmp_path):
    def full():
        raise OSError("No space left on device")

    with pytest.raises(OSError, match="No space left"):
        presented(tmp_path, a_vessel(), afterwards=full)


@pytest.mark.parametrize("frame_count", [1, 3, 20])
def test_frames_are_counted_in_whole_numbers_along_the_axis(frame_count):
    axes = Figure().subplots()
    axis_along(axes, Along.of(replace(SPACING, frame_mm=None)), frame_count)
    left, right = axes.get_xlim()
    ticks = [tick for tick in axes.get_xticks() if left <= tick <= right]
    assert ticks and all(tick == int(tick) for tick in ticks)


@pytest.mark.parametrize("middle_deg", range(30, 90, 5))  # clockwise from the right: towards the lower right corner
def test_a_number_in_a_frame_keeps_clear_of_the_legend(monkeypatch, tmp_path, middle_deg):
    labels = a_frame().sector(CALCIUM, 1.4, 2.6, middle_deg - 60, 120).sector(GUIDEWIRE, 1.2, 1.4, 200, 20).labels
    measured = measure_pullback(labels, SPACING).frames[0]
    kept = FigureCanvasAgg(Figure((5.2, 5.52))).figure
    monkeypatch.setattr(frames, "picture", lambda *_size: nullcontext(kept))
    frames.draw_widest_arc(tmp_path / "a.png", frames.FramePicture(None, labels, measured, SPACING), "Widest")
    (axes,) = kept.axes
    kept.canvas.draw()
    (number,) = (text for text in axes.texts if text.get_text().endswith("°"))
    assert not number.get_window_extent().overlaps(axes.get_legend().get_window_extent())


def test_every_frame_is_a_row_with_units_in_the_header(a_presentation):
    rows = rows_of(a_presentation / "frames.csv")
    assert len(rows) == 24
    ring_mm2 = np.pi * (2.0**2 - 1.4**2) * 240 / 360
    assert float(rows[10]["calcium area (mm2)"]) == pytest.approx(ring_mm2, rel=0.02)
    assert float(rows[10]["bridged arc (deg)"]) == pytest.approx(240, abs=2)
    assert float(rows[10]["position (mm)"]) == 10 * FRAME_MM
    assert float(rows[10]["maximum thickness (mm)"]) == pytest.approx(0.6, abs=0.04)
    assert float(rows[10]["lumen area (mm2)"]) == pytest.approx(np.pi * 1.2**2, rel=0.02)


def test_what_a_frame_does_not_have_is_an_empty_cell(a_presentation):
    row = rows_of(a_presentation / "frames.csv")[0]
    assert row["maximum thickness (mm)"] == row["bridged arc begins at (deg)"] == ""
    assert float(row["bridged arc (deg)"]) == 0


def test_every_lesion_is_a_row_with_its_score(a_presentation):
    wide, narrow = rows_of(a_presentation / "lesions.csv")
    assert (wide["lesion"], wide["first frame (from 0)"], wide["last frame (from 0)"]) == ("1", "8", "15")
    assert float(wide["length (mm)"]) == pytest.approx(8 * FRAME_MM)
    assert float(wide["volume (mm3)"]) == pytest.approx(np.pi * (2.0**2 - 1.4**2) * 240 / 360 * 8 * FRAME_MM, rel=0.02)
    assert wide["calcium score (0 to 4)"] == "3", "2 points for 240 degrees, 1 for 0.6 mm, none for 2 mm of length"
    assert narrow["calcium score (0 to 4)"] == "0"


def test_the_outline_is_drawn_where_the_calcium_ends(a_presentation):
    pixels = picture_of(a_presentation / "frame_max_arc.png")
    left, right, top, bottom = -2.0, 2.0 * np.cos(np.radians(20)), 2.0 * np.sin(np.radians(260)), 2.0
    middle_x, middle_y = (left + right) / 2, (top + bottom) / 2
    half_mm = (bottom - top) / 2 + 0.7  # what the labels reach, and the margin
    per_mm = FRAME_SIDE_PIXELS / (2 * half_mm)
    for angle, calcium in ((60, True), (150, True), (240, True), (320, False)):
        x = FRAME_SIDE_PIXELS / 2 + (2.0 * np.cos(np.radians(angle)) - middle_x) * per_mm
        y = TITLE_PIXELS + FRAME_SIDE_PIXELS / 2 + (2.0 * np.sin(np.radians(angle)) - middle_y) * per_mm
        near = around(pixels, x, y)
        assert ((near[:, 0] > 180) & (near[:, 2] < 90)).any() == calcium, f"orange at {angle} degrees"


def test_without_calcium_there_are_tables_and_pictures_of_what_is_there(tmp_path):
    folder = presented(tmp_path, np.stack([a_frame().labels] * 5))
    assert rows_of(folder / "lesions.csv") == []
    assert len(rows_of(folder / "frames.csv")) == 5
    assert (folder / "frame_min_lumen.png").exists()
    assert not (folder / "frame_max_arc.png").exists()
    assert "No calcium was found." in (folder / "report.html").read_text()


def test_a_pullback_of_one_frame_is_presented(tmp_path):
    labels = a_vessel()[WIDE[0] : WIDE[0] + 1]
    report = (presented(tmp_path, labels) / "report.html").read_text()
    assert "Calcium reaches 240 degrees" in report
    assert (tmp_path / "calcium_3d.png").exists()


def test_an_empty_label_map_is_presented_without_calm(tmp_path):
    report = (presented(tmp_path, np.zeros((4, 64, 64), np.uint8), with_frames=False) / "report.html").read_text()
    assert report.count("No lumen was found on any of the 4 frames, so nothing can be said of calcium.") == 1
    assert "No calcium was found" not in report


def test_a_speck_far_out_does_not_shrink_the_vessel_in_its_picture(a_presentation, tmp_path):
    labels = a_vessel()
    labels[10, 1, 2] = labels[10, 158, 157] = CALCIUM
    folder = presented(tmp_path, labels)
    np.testing.assert_array_equal(picture_of(folder / "frame_max_arc.png"), picture_of(a_presentation / "frame_max_arc.png"))


def test_the_frame_that_neighbours_hold_is_shown_beside_a_spike(a_presentation, tmp_path):
    labels = a_vessel()
    labels[3] = a_frame().sector(CALCIUM, 1.4, 2.0, 0, 330).labels
    folder = presented(tmp_path, labels)
    assert (folder / "frame_held_arc.png").exists() and not (a_presentation / "frame_held_arc.png").exists()
    report = (folder / "report.html").read_text()
    assert "Calcium reaches 240 degrees around the vessel" in report and "330°" in report


def test_a_label_map_alone_without_spacing_gives_pictures_and_says_that_they_are_not_to_scale(tmp_path):
    folder = presented(tmp_path, a_vessel(), Spacing(None, None, None), with_frames=False)
    report = (folder / "report.html").read_text()
    assert NOT_TO_SCALE in report
    assert "Pixel spacing and frame spacing are not known" in report
    assert "A network drew" not in report
    assert (folder / "calcium_3d.png").exists()
    assert (folder / "frame_max_arc.png").exists()
    assert not (folder / "calcium_surface.vtp").exists(), "a surface without mm would be read as one with"


def test_guidewire_shadow_is_hatched_in_the_en_face_map(tmp_path):
    shadow = Drawing((160, 160), PIXEL_MM, PIXEL_MM).sector(GUIDEWIRE, 0.8, 2.2, 300, 20).labels
    labels = np.where(shadow, shadow, a_vessel())
    grey = picture_of(presented(tmp_path, labels) / "en_face.png").astype(int)
    map_part = grey[150:480, 130:1400]
    rows = 360 * (1 - np.flatnonzero((np.abs(map_part - (184, 189, 196)).max(axis=2) < 12).mean(axis=1) > 0.4) / len(map_part))
    assert 285 < rows.min() < 325
    assert 300 < rows.max() < 335
    hatching = (map_part.max(axis=2) < 175) & (np.ptp(map_part, axis=2) < 30)
    assert hatching.sum() > 300


def test_without_an_opengl_library_the_report_still_comes_and_says_so(tmp_path, monkeypatch):
    broken, logged = tmp_path / "broken", []
    broken.mkdir()
    for library in ("libEGL.so", "libEGL.so.1", "libOSMesa.so", "libOSMesa.so.6", "libOSMesa.so.8", "libX11.so.6"):
        (broken / library).write_bytes(b"")
    monkeypatch.setenv("LD_LIBRARY_PATH", str(broken))
    folder = tmp_path / "results"
    folder.mkdir()
    presented(folder, a_vessel(), log=logged.append)
    assert len(logged) == 1
    assert "libegl1" in logged[0]
    assert logged[0] in (folder / "report.html").read_text()
    assert not (folder / "calcium_3d.png").exists()
    assert (folder / "arcs.png").exists()

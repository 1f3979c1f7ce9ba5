"""The ring of the probability of calcium and the areas where the network is unsure, from drawn scores to a real browser."""

from __future__ import annotations

import base64
from dataclasses import replace

import browser
import numpy as np
import pytest
from browser import listening_page
from drawn_scores import DEPOSIT, POSSIBLE, WIRE, drawn_scores
from drawn_vessel import SPACING, a_vessel
from LesionReadingLib.geometry.grid import even_grid
from OCTCalciumLib.labels import GUIDEWIRE, LUMEN
from OCTCalciumLib.letterbox import NETWORK_SIZE, Letterbox
from OCTCalciumLib.measurement.pullback import measure_pullback
from OCTCalciumLib.presenting.report import write_report
from OCTCalciumLib.presenting.scrolling import scroll_of
from OCTCalciumLib.reading.pullback import Pullback
from OCTCalciumLib.wall.calcium_range import CalciumRange
from OCTCalciumLib.wall.polar_view import ANGLES, polar_view
from OCTCalciumLib.wall.scores import HIDDEN, RING_RADIUS, wall_scores

a_browser = browser.a_browser
WHOLE = Letterbox(NETWORK_SIZE, NETWORK_SIZE).window
MIDDLE = (NETWORK_SIZE - 1) / 2
STEP_DEG = 360 / ANGLES


def angles_of(marked):
    """The angles in degrees, from 0 to 360, of the places of a ring."""
    return np.flatnonzero(marked) * STEP_DEG


def span(first_deg, last_deg):
    return pytest.approx([first_deg, last_deg], abs=1.5 * STEP_DEG)


@pytest.mark.parametrize("turned_deg", [0, 90, 200])
def test_a_deposit_is_bright_in_the_ring_at_its_own_angles_and_turns_with_the_frame(turned_deg):
    ring = drawn_scores(turned_deg).ring(WHOLE)
    bright = np.roll(ring == round(0.9 * 254), -round(turned_deg / STEP_DEG))
    assert angles_of(bright)[[0, -1]] == span(*DEPOSIT) and bright.sum() * STEP_DEG == pytest.approx(60, abs=2 * STEP_DEG)
    dark = np.roll(ring == 0, -round(turned_deg / STEP_DEG))
    assert dark.sum() == pytest.approx(ANGLES - (60 + 40 + 20) / STEP_DEG, abs=4)


@pytest.mark.parametrize("shape", [(512, 512), (200, 400)])
@pytest.mark.parametrize(("down", "right"), [(0, 0), (60, 0), (-45, 70)])
def test_the_ring_is_bright_where_the_ray_through_the_deposit_meets_the_rim(shape, down, right):
    """Of a lumen beside the middle of the picture, too, and of a frame that covers a part of the network's square."""
    ring = drawn_scores(down=down, right=right).ring(Letterbox(*shape).window)
    centre, radius = np.array([MIDDLE + down, MIDDLE + right]), RING_RADIUS * min(shape) * NETWORK_SIZE / max(shape) / 2
    ends = []
    for ray_deg in DEPOSIT:
        along = np.array([np.sin(np.radians(ray_deg)), np.cos(np.radians(ray_deg))])
        places = centre - MIDDLE + np.linspace(0, NETWORK_SIZE, 20_001)[:, None] * along  # outward until the rim is crossed
        row, column = places[np.argmax(np.hypot(*places.T) >= radius)]
        ends.append(np.degrees(np.arctan2(row, column)) % 360)
    first, last = ends
    from_first = (angles_of(ring == round(0.9 * 254)) - first + 20) % 360  # 20 degrees before it, so that the seam is elsewhere
    assert sorted(from_first)[:: len(from_first) - 1] == span(20, 20 + (last - first) % 360)


def test_nothing_is_told_where_the_guidewire_hides_the_wall():
    down, right = np.mgrid[:NETWORK_SIZE, :NETWORK_SIZE] - MIDDLE
    angle, distance = np.degrees(np.arctan2(down, right)) % 360, np.hypot(down, right)
    labels = np.where(distance < 120, LUMEN, 0).astype(np.uint8)
    labels[(angle > 200) & (angle < 220) & (distance > 60) & (distance < 220)] = GUIDEWIRE
    view = polar_view(labels, 0.01)
    everywhere = np.ones((ANGLES, 96), np.float32)
    found = wall_scores(view, everywhere, np.zeros(everywhere.shape, bool), 0.05)
    hidden = angles_of(found.by_angle == HIDDEN)
    assert hidden[[0, -1]] == span(200, 220) and (found.by_angle != HIDDEN).sum() + len(hidden) == ANGLES
    assert set(found.by_angle) == {254, HIDDEN}
    area, away_deg = found.unsure_area() > 0, np.abs(angle - 210)  # borders lie between two samples
    assert area[(distance > 125) & (distance < 250) & (away_deg > 10 + STEP_DEG)].all()
    assert not area[(distance > 125) & (away_deg < 10 - STEP_DEG)].any() and not area[distance < 115].any()


def test_unsure_is_what_is_possible_and_not_marked():
    area = drawn_scores().unsure_area()
    down, right = np.mgrid[:NETWORK_SIZE, :NETWORK_SIZE] - MIDDLE
    angle = np.degrees(np.arctan2(down, right)) % 360
    within = np.percentile(angle[area > 0], [1, 99])
    assert within == span(*POSSIBLE) and area.any()


@pytest.fixture(scope="module")
def frames():
    """A vessel of 24 frames, the first of which could not be read; grey is the same everywhere."""
    labels = a_vessel()
    grey = np.full(labels.shape, 90, np.uint8)
    pullback = Pullback(even_grid(labels.shape, SPACING), lambda first, stop: iter(grey[first:stop]))
    return labels, pullback, measure_pullback(labels, SPACING)


def with_scores(frame_count):
    found = CalciumRange((150.0, 300.0), (1.0, 3.0), drawn_scores())
    return [None, *[found] * (frame_count - 2), replace(found, scores=drawn_scores(90))]


def test_what_a_page_carries_of_a_frame_is_little_and_nothing_without_a_model(frames):
    labels, pullback, measurement = frames
    scroll = scroll_of(measurement, labels, pullback, start=8, ranges=with_scores(24))
    pane = scroll.panes[0]
    assert (pane.rings[0], pane.unsure[0]) == ("", ""), "nothing was looked for in a frame that shows nothing"
    first, last = (np.frombuffer(base64.b64decode(pane.rings[at]), np.uint8) for at in (1, 23))
    assert np.array_equal(np.roll(first, round(90 / STEP_DEG)), last)
    assert len(pane.rings[1]) == 256 and 0 < len(pane.unsure[1]) < 3000
    assert pane.unsure[1] == pane.unsure[2] != pane.unsure[10], "what is calcium in the end is not unsure"
    for ranges in (None, [CalciumRange((150.0, 300.0), (1.0, 3.0))] * 24):
        bare = scroll_of(measurement, labels, pullback, start=8, ranges=ranges)
        assert (bare.ring, bare.unsure, bare.panes[0].rings, bare.panes[0].unsure) == (None, None, [], [])


@pytest.fixture(scope="module")
def a_file(frames, tmp_path_factory):
    labels, pullback, measurement = frames
    path, ranges = tmp_path_factory.mktemp("ring") / "report.html", with_scores(len(labels))
    scroll = scroll_of(measurement, labels, pullback, start=2, ranges=ranges)  # a frame without calcium
    write_report(path, measurement, {}, pullback=pullback, scroll=scroll, ranges=ranges)
    return path


@pytest.fixture
def a_page(a_browser, a_file):
    page = listening_page(a_browser, a_file, 1400)
    page.wait_for_selector("#viewer[data-ready]", state="attached")
    for contour in page.locator("[data-outline]").all():
        contour.uncheck()
    page.wait_for_timeout(100)
    yield page
    page.close()


def colour_at(page, turned_deg, away):
    """Red, green, blue of the picture at an angle, so far from its middle in halves of its width."""
    page.wait_for_timeout(100)
    script = """([x, y]) => { const canvas = document.querySelector("canvas.pane");
      return [...canvas.getContext("2d").getImageData(x * canvas.width, y * canvas.height, 1, 1).data.slice(0, 3)]; }"""
    turn = np.radians(turned_deg)
    return page.evaluate(script, [0.5 + away / 2 * np.cos(turn), 0.5 + away / 2 * np.sin(turn)])


def is_grey(colour):
    return max(colour) - min(colour) < 12


def test_the_ring_is_yellow_at_the_deposit_blue_elsewhere_and_has_a_legend_and_a_key(a_page):
    (red, _, blue), (other_red, _, other_blue) = (colour_at(a_page, angle, RING_RADIUS) for angle in (50, 230))
    assert red > blue + 80, "probable calcium is yellow"
    assert other_blue > other_red + 60, "elsewhere the ring is blue"
    assert max(colour_at(a_page, sum(WIRE) / 2, RING_RADIUS)) < 25, "behind the guidewire it is dark"
    shown = a_page.locator(".ring").inner_text()
    assert "probability of calcium" in shown and "0 %" in shown and "100 %" in shown
    a_page.locator("body").press("r")
    assert is_grey(colour_at(a_page, 50, RING_RADIUS)) and not a_page.locator("[data-part=ring]").is_checked()
    a_page.locator(".ring label").click()
    assert not is_grey(colour_at(a_page, 50, RING_RADIUS))


def test_the_ring_turns_with_the_frame_and_is_not_there_where_nothing_was_looked_for(a_page):
    a_page.locator("[data-part=slider]").fill("24")
    a_page.wait_for_selector("#viewer[data-shown='24']", state="attached")
    turned, before = (colour_at(a_page, angle, RING_RADIUS) for angle in (140, 50))
    assert turned[0] > turned[2] + 80 and before[2] > before[0] + 60
    a_page.locator("[data-part=slider]").fill("1")
    a_page.wait_for_selector("#viewer[data-shown='1']", state="attached")
    assert [colour_at(a_page, angle, RING_RADIUS)[0] for angle in range(0, 360, 45)] == pytest.approx([90] * 8, abs=4)


def test_unsure_areas_are_off_at_first_come_by_a_key_and_fade_with_the_opacity(a_page):
    away = 1.5 / 2.56  # mm from the middle, of the half that the square shows of the drawn scores
    middle = sum(POSSIBLE) / 2
    assert is_grey(colour_at(a_page, middle, away))
    a_page.locator("body").press("u")
    red, green, blue = colour_at(a_page, middle, away)
    assert red > green + 12 and blue > green, "purple over grey"
    assert is_grey(colour_at(a_page, 50, away)), "what is marked is not unsure"
    a_page.locator("[data-part=opacity]").fill("0")
    assert is_grey(colour_at(a_page, middle, away))
    a_page.locator("label", has_text="unsure").click()
    assert not a_page.locator("[data-part=unsure]").is_checked()


def test_contours_are_switched_without_the_overlays(a_page):
    a_page.locator("body").press("c")
    assert a_page.locator("[data-part=ring]").is_checked() and not a_page.locator("[data-part=unsure]").is_checked()
    assert a_page.locator("[data-outline]").first.is_checked()


def test_without_javascript_no_ring_is_seen_but_explained(a_browser, a_file):
    context = a_browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(a_file.as_uri())
    assert page.locator("#viewer").is_hidden() and page.locator(".finding").is_visible()
    context.close()


def test_contours_without_scores_get_a_note_in_place_of_the_ring(a_browser, frames, tmp_path):
    labels, pullback, measurement = frames
    model = {"name": "a model", "contours": "corrected by a reader"}
    scroll = scroll_of(measurement, labels, pullback, start=10)
    write_report(tmp_path / "report.html", measurement, {}, pullback=pullback, model=model, scroll=scroll)
    page = listening_page(a_browser, tmp_path / "report.html", 1400)
    assert page.locator("[data-part=ring], [data-part=unsure]").count() == 0
    assert "no scores for these contours" in page.locator(".definitions").inner_text()
    assert "ring" not in page.locator("#viewer .keys").inner_text()
    page.close()

"""Both reports as pages that move: frames, keys, plots, switches and links in a real browser, with and without JavaScript."""

from __future__ import annotations

import base64
import io
import json
from dataclasses import replace

import browser
import numpy as np
import pytest
from browser import listening_page
from drawn_bleed import a_grid, a_head, a_network_result
from drawn_vessel import SPACING, a_vessel
from HematomaMarkersLib.growth.expansion import growth_of_volumes
from HematomaMarkersLib.labels import HEMATOMA, MARKERS
from HematomaMarkersLib.measurement.measure import measure_scan
from HematomaMarkersLib.presenting.case import Case, Picture, Pictures
from HematomaMarkersLib.presenting.first_screen import SHIPPED_CONSEQUENCES
from HematomaMarkersLib.presenting.report import write_report as write_head_report
from HematomaMarkersLib.presenting.scrolling import scroll_of as scroll_of_head
from HematomaMarkersLib.triage.findings import findings_of
from HematomaMarkersLib.triage.rules import read_rules
from LesionReadingLib.geometry.grid import even_grid
from LesionReadingLib.presenting.consequences import Consequences
from LesionReadingLib.presenting.study import study_of
from OCTCalciumLib.measurement.pullback import measure_pullback
from OCTCalciumLib.presenting.report import write_report
from OCTCalciumLib.presenting.scrolling import scroll_of
from OCTCalciumLib.reading.pullback import Pullback
from PIL import Image

a_browser = browser.a_browser
DESK, PHONE = (1400, 900), (390, 844)
GREY_STEP = 9  # between the frames of the drawn pullback, each of one grey


@pytest.fixture(scope="module")
def an_oct_file(tmp_path_factory):
    labels, path = a_vessel(), tmp_path_factory.mktemp("oct") / "report.html"
    grey = np.broadcast_to((20 + GREY_STEP * np.arange(len(labels), dtype=np.uint8))[:, None, None], labels.shape)
    pullback = Pullback(even_grid(labels.shape, SPACING), lambda first, stop: iter(grey[first:stop]))
    measurement = measure_pullback(labels, SPACING)
    scroll = scroll_of(measurement, labels, pullback, start=measurement.max_arc_frame)
    write_report(path, measurement, {}, pullback=pullback, scroll=scroll, mesh=json.dumps(a_mesh()))
    return path


def a_mesh():
    """A square of vermilion across the middle of a length of 4.8 mm, facing the reader of 0 degrees and the one of 180."""
    corners = np.array([(0.5, y, z) for y, z in ((0.2, 0.2), (0.8, 0.2), (0.8, 0.8), (0.2, 0.8))])
    triangles = np.array([(0, 1, 2), (0, 2, 3), (0, 2, 1), (0, 3, 2)], "<u2")

    def text(values):
        return base64.b64encode(values.tobytes()).decode("ascii")

    part = {
        "points": text(np.rint(65535 * corners).astype("<u2")),
        "triangles": text(triangles),
        "kinds": text(np.ones(4, np.uint8)),
    }
    part |= {"colours": ["#F3E7CC", "#D55E00"], "opacity": 1.0}
    return {"size": [2.0, 2.0, 4.8], "first_mm": 0.1, "frame_mm": 0.2, "parts": [part]}


@pytest.fixture(scope="module")
def a_head_file(tmp_path_factory):
    """A bleed that grew, with the earlier scan in the same place and a network's heat on it."""
    folder = tmp_path_factory.mktemp("head")
    scan, labels = a_head(a_grid())
    measured = measure_scan(scan, labels)
    smaller = np.where(np.arange(labels.shape[1])[:, None] < 42, 0, labels).astype(np.uint8)
    earlier = measure_scan(scan, smaller)
    grown = growth_of_volumes(earlier.volume_ml, earlier.ivh_ml, measured.volume_ml, measured.ivh_ml, hours=5.5)
    grown = replace(grown, transform=np.eye(4), rotation_deg=0.0)
    network = a_network_result(scan, labels, dict.fromkeys(MARKERS, 0.8), 0.4, (labels == HEMATOMA).astype(np.float32))
    network = replace(network, unsure=lambda: np.roll(labels == HEMATOMA, 6, axis=2) & (labels == 0))
    case = Case(scan, labels, findings_of(measured, network, grown, read_rules()), (scan, smaller))
    picture = folder / "slice.png"
    Image.new("L", (64, 64), 90).save(picture)
    pictures = Pictures(key=(Picture(picture, "Slice 9"),))
    write_head_report(
        folder / "report.html",
        case,
        pictures,
        rules=read_rules(),
        study=study_of((), labels),
        consequences=Consequences(SHIPPED_CONSEQUENCES),
        scroll=scroll_of_head(case),
    )
    return folder / "report.html"


@pytest.fixture(scope="module")
def an_oct_page(a_browser, an_oct_file):
    return listening_page(a_browser, an_oct_file, DESK[0])


@pytest.fixture(scope="module")
def a_head_page(a_browser, a_head_file):
    return listening_page(a_browser, a_head_file, DESK[0])


def shows(page, number):
    """Wait until the picture of this frame or slice, numbered from 1, has been drawn."""
    # By a selector: the page forbids the strings of code that wait_for_function would look again with.
    page.wait_for_selector(f"#viewer[data-shown='{number}']", state="attached", timeout=10_000)
    return page.locator("[data-part=caption]").inner_text()


def pixel(page, x=0.02, y=0.02, pane=0):
    """Red, green, blue of the canvas at a place in parts of its size."""
    script = """([x, y, pane]) => { const canvas = document.querySelectorAll("canvas.pane")[pane];
      return [...canvas.getContext("2d").getImageData(x * canvas.width, y * canvas.height, 1, 1).data.slice(0, 3)]; }"""
    return page.evaluate(script, [x, y, pane])


def coloured(page, pane=0):
    """How many pixels of the canvas are no grey."""
    script = """(pane) => { const canvas = document.querySelectorAll("canvas.pane")[pane];
      const data = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data; let found = 0;
      for (let i = 0; i < data.length; i += 4) if (Math.abs(data[i] - data[i + 2]) > 60) found += 1;
      return found; }"""
    return page.evaluate(script, pane)


def purple(page, pane):
    """How many pixels of the canvas are reddish purple: less green than red and blue."""
    script = """(pane) => { const canvas = document.querySelectorAll("canvas.pane")[pane];
      const data = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data; let found = 0;
      for (let i = 0; i < data.length; i += 4) if (data[i] - data[i + 1] > 25 && data[i + 2] - data[i + 1] > 15) found += 1;
      return found; }"""
    return page.evaluate(script, pane)


def test_the_page_opens_at_the_largest_arc_and_keys_and_wheel_move_on(an_oct_page):
    page = an_oct_page
    assert shows(page, 9).startswith("Frame 9 of 24, 2.0 mm · arc 240°")
    assert pixel(page)[0] == pytest.approx(20 + 8 * GREY_STEP, abs=4)
    page.locator("canvas.pane").focus()
    for key, number in (("ArrowRight", 10), ("ArrowUp", 9), ("End", 24), ("PageUp", 14), ("Home", 1), ("ArrowLeft", 1)):
        page.keyboard.press(key)
        shows(page, number)
        assert pixel(page)[0] == pytest.approx(20 + (number - 1) * GREY_STEP, abs=4)
    page.locator("canvas.pane").hover()
    page.mouse.wheel(0, 120)
    assert shows(page, 4)
    page.locator("[data-part=slider]").fill("20")
    assert "arc 60°" in shows(page, 20)


@pytest.mark.parametrize("part", ["canvas.chart >> nth=0", "canvas.map"])
def test_a_click_on_a_plot_goes_to_the_frame_below_it(an_oct_page, part):
    plot = an_oct_page.locator(part)
    width = plot.bounding_box()["width"] - 46  # less the room for the axis, as drawn
    for index in (3, 17):
        plot.click(position={"x": 38 + (index + 0.5) / 24 * width, "y": 20})
        shows(an_oct_page, index + 1)


def test_contours_can_be_switched_off_and_faded(an_oct_page):
    page = an_oct_page
    page.locator("[data-part=slider]").fill("10")
    shows(page, 10)
    page.wait_for_timeout(100)
    with_all = coloured(page)
    page.locator("label", has_text="calcium").locator("input").uncheck()
    page.wait_for_timeout(100)
    assert 0 < coloured(page) < with_all
    page.locator("body").press("c")
    page.wait_for_timeout(100)
    assert coloured(page) == 0
    page.locator("body").press("c")
    page.wait_for_timeout(100)
    assert coloured(page) == with_all


def test_every_frame_in_the_text_is_a_link_that_goes_there(an_oct_page):
    page = an_oct_page
    links = page.locator(".finding a.go")
    assert links.all_inner_texts() == ["9", "10"]
    links.last.click()
    shows(page, 10)
    row = page.locator("table td.number a.go").first
    number = row.inner_text()
    row.evaluate("link => link.click()")
    shows(page, number)


def test_nothing_is_asked_for_from_elsewhere_and_no_other_script_may_run(an_oct_page, a_head_page):
    for page in (an_oct_page, a_head_page):
        assert [url for url in page.asked_for if not url.startswith("data:")] == [page.url.partition("#")[0]]
        refused = page.evaluate(
            "(() => { const made = document.createElement('script'); made.textContent = 'window.ran = true';"
            " document.body.append(made); return !window.ran; })()"
        )
        assert refused


def test_windows_heat_and_the_earlier_scan_follow_the_slice(a_head_page):
    page = a_head_page
    page.wait_for_selector("#viewer[data-ready]", state="attached")
    shown = int(page.locator("#viewer").get_attribute("data-shown"))
    assert page.locator("#viewer figcaption").all_inner_texts() == ["earlier", "now"]
    page.locator("[data-part=window]").select_option("0")
    page.wait_for_timeout(150)
    bright = pixel(page, 0.5, 0.3, 1)
    page.locator("[data-part=window]").select_option(str(page.locator("[data-part=window] option").count() - 1))
    page.wait_for_timeout(150)
    assert pixel(page, 0.5, 0.3, 1) != bright, "another window, another grey"
    without = coloured(page, 1)
    page.locator("[data-part=heat]").select_option("0")
    page.wait_for_timeout(300)
    assert coloured(page, 1) > 1.5 * without
    page.locator("body").press("ArrowRight")
    assert shows(page, shown + 1).startswith(f"Slice {shown + 1} of ")


@pytest.mark.parametrize(("window", "black", "white"), [("as stored", 0, 255), ("brighter", 0, 150), ("dark tissue", 20, 110)])
def test_a_window_shows_greys_from_black_to_white(a_browser, an_oct_file, window, black, white):
    page = listening_page(a_browser, an_oct_file, DESK[0])
    page.wait_for_selector("#viewer[data-ready]", state="attached")
    page.locator("[data-part=window]").select_option(label=window)
    for number in (1, 3, 8, 24):
        page.locator("[data-part=slider]").fill(str(number))
        shows(page, number)
        stored = 20 + (number - 1) * GREY_STEP
        wanted = min(max((stored - black) * 255 / (white - black), 0), 255)
        assert pixel(page)[0] == pytest.approx(wanted, abs=4 * 255 / (white - black))  # 4 of the stored grey, by WebP
    page.close()


@pytest.mark.parametrize("file", ["an_oct_file", "a_head_file"])
def test_on_a_phone_nothing_is_cut_and_the_picture_fits(a_browser, request, file):
    page = a_browser.new_page(viewport=dict(zip(("width", "height"), PHONE, strict=True)))
    page.goto(request.getfixturevalue(file).as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
    for box in [one.bounding_box() for one in page.locator("#viewer canvas").all()]:
        assert box["width"] > 150 and box["x"] + box["width"] <= PHONE[0]
    page.close()


def drawn(page, at_least):
    """Wait until the mesh was drawn so often; how many of its pixels are vermilion, and how many blue."""
    for _ in range(200):
        if int(page.locator("#turning canvas").get_attribute("data-drawn") or 0) >= at_least:
            break
        page.wait_for_timeout(50)
    pixels = np.asarray(Image.open(io.BytesIO(page.locator("#turning canvas").screenshot())).convert("RGB")).astype(int)
    red, green, blue = pixels[..., 0], pixels[..., 1], pixels[..., 2]
    return int(((red > 60) & (blue < red / 3) & (green < red)).sum()), int((blue > red + 60).sum())


def turned(page, key):
    """Press a key on the mesh; as ``drawn`` tells."""
    before = int(page.locator("#turning canvas").get_attribute("data-drawn"))
    page.locator("#turning canvas").press(key)
    return drawn(page, before + 1)


def test_the_mesh_turns_by_keys_buttons_and_mouse_and_shows_the_frame_on_view(a_browser, an_oct_file):
    page = listening_page(a_browser, an_oct_file, DESK[0])
    canvas = page.locator("#turning canvas")
    canvas.scroll_into_view_if_needed()
    shows(page, 9)
    red, blue = drawn(page, 1)
    assert red > 2000 and blue > 100  # frame 9 of 24 cuts through it
    larger = turned(page, "+")[0]
    assert larger > 1.3 * red
    assert turned(page, "Home")[0] == pytest.approx(red, rel=0.01)
    edge_on = min(turned(page, "ArrowRight")[0] for _ in range(8))  # 8 steps of 7.5 degrees from 29 degrees: seen from its edge
    assert edge_on < 0.2 * red
    shows(page, 9)  # the arrows turned the mesh and left the frame
    before = int(canvas.get_attribute("data-drawn"))
    page.locator("#turning [data-key=Home]").click()
    assert drawn(page, before + 1)[0] == pytest.approx(red, rel=0.01)
    box, before = canvas.bounding_box(), int(canvas.get_attribute("data-drawn"))
    page.mouse.move(box["x"] + 300, box["y"] + 100)
    page.mouse.down()
    page.mouse.move(box["x"] + 420, box["y"] + 100)
    page.mouse.up()
    assert drawn(page, before + 1)[0] < 0.7 * red
    page.locator("[data-part=slider]").fill("24")
    shows(page, 24)
    assert drawn(page, before + 2)[1] == 0  # that frame lies beside it
    page.close()


def test_without_webgl_the_mesh_stays_away(a_browser, an_oct_file):
    page = a_browser.new_page()
    page.add_init_script(
        "const own = HTMLCanvasElement.prototype.getContext;"
        "HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {"
        "  return kind === 'webgl' ? null : own.call(this, kind, ...rest); };"
    )
    page.goto(an_oct_file.as_uri())
    shows(page, 9)
    assert page.locator("#turning").is_hidden()
    page.close()


def test_where_the_network_is_unsure_of_a_head_is_a_switch_and_a_key(a_browser, a_head_file):
    page = listening_page(a_browser, a_head_file, DESK[0])
    page.wait_for_selector("#viewer[data-ready]", state="attached")
    switch = page.locator("[data-part=unsure]")
    assert not switch.is_checked() and purple(page, 1) == 0
    switch.check()
    page.wait_for_timeout(300)
    assert purple(page, 1) > 100 and purple(page, 0) == 0  # of the scan that the network read, not of the earlier one
    page.locator("body").press("u")
    page.wait_for_timeout(300)
    assert not switch.is_checked() and purple(page, 1) == 0
    page.close()


def test_without_javascript_the_page_is_the_one_with_pictures(a_browser, a_head_file):
    context = a_browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(a_head_file.as_uri())
    assert page.locator("#viewer").is_hidden() and page.locator("a.go").count() == 0
    assert page.locator(".grid img").is_visible() and "REFER NOW" in page.locator("h1").inner_text()
    context.close()

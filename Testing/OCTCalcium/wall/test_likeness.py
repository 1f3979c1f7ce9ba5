"""Pictures that are no intravascular OCT are told, whatever a network marks in them; phantoms of every range are not."""

from __future__ import annotations

import json

import numpy as np
import pytest
from LesionReadingLib.geometry.grid import even_grid
from LesionReadingLib.geometry.spacing import Spacing
from LesionReadingLib.language import speaking
from OCTCalciumLib.__main__ import main
from OCTCalciumLib.batch import COLUMNS as BATCH_COLUMNS
from OCTCalciumLib.labels import GUIDEWIRE, LUMEN
from OCTCalciumLib.phantom.pullback import draw_pullback
from OCTCalciumLib.reading.cautions import NOT_OCT
from OCTCalciumLib.reading.pullback import Pullback
from OCTCalciumLib.wall.likeness import looks_like_oct, with_likeness_caution
from PIL import Image
from scipy.ndimage import gaussian_filter

SIDE, LUMEN_RADIUS = 160, 30
MIDDLE = (SIDE - 1) / 2
ROWS, COLUMNS = np.mgrid[:SIDE, :SIDE] - MIDDLE
RADIUS = np.hypot(ROWS, COLUMNS)
ROUND = np.where(RADIUS < LUMEN_RADIUS, LUMEN, 0).astype(np.uint8)


def grained(grey, seed=0):
    return np.clip(grey * np.random.default_rng(seed).normal(1, 0.1, grey.shape), 0, 255).astype(np.uint8)


def vessel(inside=10.0, fading=1.2, background=0.0):
    """A wall whose light falls to 1/e over ``fading`` radii of the lumen."""
    wall = background + 180 * np.exp(-(RADIUS - LUMEN_RADIUS) / (fading * LUMEN_RADIUS))
    return grained(np.where(RADIUS < LUMEN_RADIUS, inside, wall))


def drawn():
    """A ring as a chart or a target has it, without grain."""
    return np.select([RADIUS < LUMEN_RADIUS, RADIUS < LUMEN_RADIUS + 25], [10, 200], 20).astype(np.uint8)


def cautioned(frames, labels):
    frames, labels = np.stack(frames), np.stack(labels)
    grid = even_grid(frames.shape, Spacing(None, None, None))
    return [caution.code for caution in with_likeness_caution(Pullback(grid, lambda a, b: iter(frames[a:b])), labels).cautions]


@pytest.mark.parametrize("wide", [False, True], ids=["ordinary", "wide"])
@pytest.mark.parametrize("seed", [3, 22])  # of 40 wide ones the lumen of 22 is the brightest
def test_no_phantom_is_told_to_be_something_else(seed, wide):
    pullback = draw_pullback(seed, 40, 160, wide=wide, indices=range(2, 40, 12))
    assert cautioned(pullback.frames, pullback.labels) == []


def test_a_dark_lumen_with_a_bright_wall_that_fades_is_oct():
    assert looks_like_oct(vessel(), ROUND, (MIDDLE, MIDDLE))
    assert cautioned([vessel()], [ROUND]) == []


@pytest.mark.parametrize(
    "grey",
    [
        pytest.param(vessel(fading=1e3), id="a dark disc in an evenly bright field"),
        pytest.param(vessel(inside=150), id="a disc as bright as what is around it"),
        pytest.param(255 - vessel(), id="turned black for white"),
        pytest.param(np.full((SIDE, SIDE), 4, np.uint8), id="next to black"),
        pytest.param(grained(np.full((SIDE, SIDE), 90.0)), id="even"),
        pytest.param(drawn(), id="a ring of a chart"),
        pytest.param(np.where(RADIUS < LUMEN_RADIUS, 10, 5 + 200 * np.exp(1 - RADIUS / 30)).astype(np.uint8), id="a gradient"),
    ],
)
def test_what_does_not_weaken_light_like_a_wall_is_told(grey):
    assert cautioned([grey], [ROUND]) == [NOT_OCT]


def test_a_ring_is_told_for_want_of_grain_alone():
    assert looks_like_oct(grained(drawn()), ROUND, (MIDDLE, MIDDLE))
    assert not looks_like_oct(drawn(), ROUND, (MIDDLE, MIDDLE))


def test_grain_is_looked_for_in_blurred_frames_as_a_viewer_exports_them():
    for wide, seed in ((False, 31), (True, 3)):
        pullback = draw_pullback(seed, 40, 320, wide=wide, indices=range(2, 40, 12))
        assert cautioned([gaussian_filter(frame, 1) for frame in pullback.frames], pullback.labels) == []


def test_a_disc_that_fills_the_picture_is_told():
    """As the white page of a chart, or a compact disc: what lies around it is no wall."""
    labels = np.where(RADIUS < 0.45 * SIDE, LUMEN, 0).astype(np.uint8)
    frame = grained(np.where(RADIUS < 0.45 * SIDE, 40.0, 230.0))
    assert np.count_nonzero(labels) > 0.6 * labels.size
    assert cautioned([frame], [labels]) == [NOT_OCT]


def test_a_lumen_far_from_the_catheter_is_told():
    """As a lung in a slice through a chest: dark, with tissue around it, and air behind that."""
    moved = np.roll(vessel(), 45, axis=1), np.roll(ROUND, 45, axis=1)
    assert not looks_like_oct(*moved, (MIDDLE, MIDDLE))
    assert looks_like_oct(*moved, None)  # a console's picture with a panel, whose middle is not the catheter
    assert cautioned(moved[:1], moved[1:]) == [NOT_OCT]


def test_a_quarter_of_the_frames_is_enough_and_frames_without_a_lumen_do_not_count():
    other, empty = grained(np.full((SIDE, SIDE), 90.0)), np.zeros((SIDE, SIDE), np.uint8)
    assert cautioned([vessel(), other, other, other], [ROUND] * 4) == []
    assert cautioned([vessel(), *[other] * 4], [ROUND] * 5) == [NOT_OCT]
    assert cautioned([vessel(), other, other], [empty, ROUND, ROUND]) == [NOT_OCT]
    assert cautioned([other], [empty]) == []


def test_what_the_guidewire_hides_does_not_count():
    hidden = (COLUMNS > 0) & (np.abs(ROWS) < COLUMNS)
    frame = np.where(hidden & (RADIUS >= 20), 0, vessel())
    labels = np.where(hidden & (RADIUS >= 20) & (RADIUS < LUMEN_RADIUS), GUIDEWIRE, ROUND).astype(np.uint8)
    assert looks_like_oct(frame, labels, (MIDDLE, MIDDLE))


def test_a_vessel_that_fills_the_picture_is_judged_by_its_border():
    cut = slice(int(MIDDLE) - 38, int(MIDDLE) + 40)
    assert looks_like_oct(vessel()[cut, cut], ROUND[cut, cut], None)
    assert not looks_like_oct(vessel(inside=150)[cut, cut], ROUND[cut, cut], None)


def test_the_command_says_it_first_in_the_report_in_the_numbers_and_on_the_terminal(tmp_path, capsys):
    """Blurred noise with a dark disc in its middle, in which the shipped network finds a lumen."""
    rng = np.random.default_rng(0)
    rows, columns = np.mgrid[:512, :512] - 255.5
    for number in range(2):
        bright, dark = (gaussian_filter(rng.normal(mean, spread, (512, 512)), 1) for mean, spread in ((180, 60), (60, 30)))
        picture = np.where(np.hypot(rows, columns) < 120, dark, bright)
        (tmp_path / "pictures").mkdir(exist_ok=True)
        Image.fromarray(np.clip(picture, 1, 255).astype(np.uint8)).save(tmp_path / "pictures" / f"{number}.png")
    with speaking("en"):
        assert main(["analyze", str(tmp_path / "pictures"), "-o", str(tmp_path / "out")]) == 0
    told = [one for one in json.loads((tmp_path / "out" / "measurements.json").read_text())["cautions"] if one["code"] == NOT_OCT]
    assert len(told) == 1
    page = (tmp_path / "out" / "report.html").read_text()
    assert page.index("do not look like an intravascular OCT pullback") > page.index('<p class="finding">')
    assert page.split('<p class="finding">')[1].startswith(told[0]["sentence"]) and page.count(told[0]["sentence"]) == 1
    assert "What it may mean" not in page
    assert told[0]["sentence"] in "".join(capsys.readouterr())


def test_the_table_of_a_batch_says_it_too():
    looks = BATCH_COLUMNS["looks like OCT"]
    assert looks({"cautions": [{"code": "no_lumen"}, {"code": NOT_OCT}]}) == "no"
    assert looks({"cautions": [{"code": "no_lumen"}]}) == "yes"

"""Statistics of real frames beside those of phantoms: what each tells, and the table and the sheet of the command."""

from __future__ import annotations

import numpy as np
import pytest
from OCTCalciumLib.labels import CALCIUM, LUMEN
from PIL import Image

from training.__main__ import main
from training.oct.data import load_patients
from training.oct.real.realism import looked_at, realism_table

PIXEL_MM = 0.012


def a_vessel(calcium_grey: int = 60, arc_deg: float = 90, gain: float = 1.0, grain: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Grey and labels of a round lumen in a wall of grey 100, with calcium of one grey from 0.3 to 1.0 mm behind the border."""
    down, right = np.mgrid[:512, :512] - 255.5
    depth, angle = np.hypot(down, right) * PIXEL_MM - 1.2, np.degrees(np.arctan2(down, right)) % 360
    labels = np.zeros((512, 512), np.uint8)
    labels[(depth > 0.3) & (depth < 1.0) & (angle < arc_deg)] = CALCIUM
    labels[depth < 0] = LUMEN
    grey = np.where(labels == LUMEN, 10, np.where(labels == CALCIUM, calcium_grey, 100)) * gain
    noise = np.random.default_rng(0).normal(0, grain, grey.shape) if grain else 0
    return np.clip(grey + noise, 1, 255).astype(np.uint8), labels


@pytest.mark.parametrize("calcium_grey", [40, 100, 180])
def test_calcium_over_wall_is_the_ratio_of_their_greys_whatever_the_gain(calcium_grey):
    for gain in (1.0, 0.6):
        statistics = looked_at("x", *a_vessel(calcium_grey, gain=gain), PIXEL_MM).statistics
        assert statistics["calcium over wall at 0.6 mm"] == pytest.approx(calcium_grey / 100, rel=0.04)
        assert statistics["lumen over wall"] == pytest.approx(0.1, abs=0.03)
    assert np.isnan(statistics["calcium over wall at 1.5 mm"])


@pytest.mark.parametrize("arc_deg", [40, 90, 200])
def test_arc_depth_and_thickness_are_those_drawn(arc_deg):
    statistics = looked_at("x", *a_vessel(arc_deg=arc_deg), PIXEL_MM).statistics
    assert statistics["arc (degrees)"] == pytest.approx(arc_deg, abs=4)
    assert statistics["depth of calcium (mm)"] == pytest.approx(0.3, abs=0.03)
    assert statistics["thickness of calcium (mm)"] == pytest.approx(0.7, abs=0.06)


def test_grain_and_side_edges_grow_with_noise_and_contrast():
    plain, noisy = (looked_at("x", *a_vessel(grain=grain), PIXEL_MM).statistics for grain in (4, 20))
    assert noisy["grain"] > 3 * plain["grain"]
    dark, alike = (looked_at("x", *a_vessel(grey, arc_deg=90), PIXEL_MM).statistics for grey in (40, 97))
    assert dark["side edges over wall"] > 0.4 > 0.1 > alike["side edges over wall"]


def test_a_frame_without_lumen_tells_nothing():
    assert looked_at("x", np.zeros((64, 64), np.uint8), np.zeros((64, 64), np.uint8), PIXEL_MM) is None


def test_the_table_counts_how_many_real_frames_lie_among_the_phantoms():
    phantoms = [looked_at("p", *a_vessel(grey), PIXEL_MM) for grey in range(40, 100, 10)]
    real = [looked_at("r", *a_vessel(grey), PIXEL_MM) for grey in (60, 170)]
    row = next(line for line in realism_table(real, phantoms).splitlines() if "calcium over wall at 0.6 mm" in line)
    assert "1 of 2" in row


def test_the_command_prints_the_table_and_writes_a_sheet(tmp_path, capsys):
    arguments = "--wide --patients 1 --first-seed 1012 --keep-frames 4 --pullback-frames 20 --frame-spacing 2 --processes 1"
    assert main(["oct", "make-data", str(tmp_path / "wide"), *arguments.split()]) == 0
    patient = load_patients(tmp_path / "wide")[0]
    chosen = next(index for index in range(4) if (patient.pixels[1, index] == CALCIUM).any())
    (tmp_path / "real").mkdir()
    Image.fromarray(np.asarray(patient.pixels[0, chosen])).save(tmp_path / "real/p_0.png")
    Image.fromarray((np.asarray(patient.pixels[1, chosen]) == CALCIUM).astype(np.uint8) * 255).save(
        tmp_path / "real/p_0_calcium.png"
    )
    folders = [str(tmp_path / "real"), str(tmp_path / "real"), str(tmp_path / "wide")]
    sheet = tmp_path / "sheet.png"
    options = ["--pixel-spacing", str(patient.spacing_mm[0]), "--every", "1", "--sheet", str(sheet)]
    assert main(["oct", "realism", *folders, *options]) == 0
    assert "1 real frame with" in capsys.readouterr().out
    assert Image.open(sheet).height == 256

"""The README's pictures of the panels are what a user sees today: samples drawn, read by the real worker, shown, and compared."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw
from screenshots import ROOT, take_head, take_oct

SHIPPED = ROOT / "Resources" / "Screenshots"
SAME = 6.0  # grey levels of 255, mean over a small copy: other fonts and renderers differ by less, an empty view by far more


def small(picture: Image.Image) -> np.ndarray:
    """A picture of any size as (96, 128) grey levels."""
    return np.asarray(picture.convert("L").resize((128, 96), Image.Resampling.BOX), float)


def difference(taken: Path, shipped: Path) -> float:
    with Image.open(taken) as one, Image.open(shipped) as other:
        assert one.width == other.width and abs(one.height - other.height) < 0.1 * other.height
        return float(np.abs(small(one) - small(other)).mean())


@pytest.mark.parametrize("take, names", [(take_oct, ("oct_module", "oct_panel")), (take_head, ("head_module",))])
def test_the_readme_shows_the_panels_as_they_are(a_desktop, tmp_path, take, names):
    take(a_desktop, tmp_path)
    for name in names:
        assert difference(tmp_path / f"{name}.png", SHIPPED / f"{name}.png") < SAME


def test_a_view_that_stays_empty_would_be_told(tmp_path):
    with Image.open(SHIPPED / "oct_module.png") as picture:
        without_vessel = picture.convert("RGB")
    width, height = without_vessel.size
    ImageDraw.Draw(without_vessel).rectangle((width * 0.29, height * 0.06, width * 0.64, height * 0.5), fill=0)
    without_vessel.save(tmp_path / "empty.png")
    assert difference(tmp_path / "empty.png", SHIPPED / "oct_module.png") > SAME


def test_every_picture_of_the_readme_is_there():
    pictures = re.findall(r"!\[[^\]]*\]\(([^)]+)\)", (ROOT / "README.md").read_text(encoding="utf-8"))
    assert "Resources/Screenshots/oct_module.png" in pictures
    for picture in pictures:
        assert (ROOT / picture).is_file(), picture

"""Views of real frames to learn from: which frames of a folder they are taken from."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from training.__main__ import main


@pytest.mark.parametrize("frames", [("3", "9"), ("2", "1")])
def test_frames_that_are_not_there_are_refused_in_one_sentence(tmp_path, capsys, frames):
    (tmp_path / "images").mkdir()
    for number in range(2):
        Image.fromarray(np.full((64, 64), 90, np.uint8)).save(tmp_path / "images" / f"{number}.png")
    command = ["oct", "real-views", str(tmp_path / "views.npz"), str(tmp_path / "images"), "--pixel-spacing", "0.02"]
    assert main([*command, "--frames", *frames, "--device", "cpu"]) == 2
    told = capsys.readouterr().err
    assert f"has 2 frames, and none from {frames[0]} to {frames[1]}" in told and told.count("\n") == 1
    assert not (tmp_path / "views.npz").exists()

"""A worklist of two head CTs."""

from __future__ import annotations

import pytest
from drawn_head import head_on, slices
from LesionReadingLib.geometry.nrrd import write_nrrd


@pytest.fixture
def two_heads(a_head_module, tmp_path):
    """The panel with a reader's name, showing a folder of two studies; and the grid of both."""
    panel, grid = a_head_module, slices([14.0] * 9)
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        write_nrrd(tmp_path / name / "head.nrrd", head_on(grid), grid)
    panel.ui.readerEdit.text = "Anna"
    panel.worklist.show(tmp_path)
    return panel, grid

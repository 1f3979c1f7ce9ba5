"""Clicks on the ends of a phantom's deposit, as a reader makes them on the frame."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import slicer
from LesionReadingPanel.views import jumpToSlice
from LesionReadingScene.scene import volume_grid
from OCTCalciumLib.labels import CALCIUM
from OCTCalciumLib.marking.deposit import point_at, wall_of
from OCTCalciumLib.phantom.dicom import write_volume
from OCTCalciumLib.phantom.pullback import draw_pullback

SEED, FRAMES, SIZE, FRAME_MM = 13, 24, 320, 0.8


def write_two_pullbacks(folder: Path) -> tuple[int, list[tuple[float, float]]]:
    """Write a phantom pullback twice; gives its frame with most calcium and, (row, column), the ends of the calcium there."""
    pullback = draw_pullback(SEED, FRAMES, SIZE, FRAME_MM)
    for name in ("pullback 1.nrrd", "pullback 2.nrrd"):
        write_volume(folder / name, pullback)
    calcium = pullback.labels == CALCIUM
    frame = int(calcium.sum(axis=(1, 2)).argmax())
    wall = wall_of(pullback.labels[frame], pullback.frames[frame], pullback.spacing.row_mm)
    seen = wall.view.sampled(calcium[frame].astype(np.float32)) > 0.5
    rays = np.flatnonzero(seen.any(axis=1))
    after_gap = (int(np.argmax(np.diff(rays, append=rays[0] + len(seen)))) + 1) % rays.size
    ends = []
    for ray in (int(rays[after_gap]), int(rays[after_gap - 1])):
        depth_mm = float(np.flatnonzero(seen[ray]).mean()) * 0.025 - 0.2
        ends.append(point_at(wall.view, ray, depth_mm))
    return frame, ends


def click_on_ends(panel, frame: int, ends: list[tuple[float, float]]) -> None:
    """Press Mark in the panel and click on both ends on a frame of the pullback on view."""
    volume = panel.ui.inputSelector.currentNode()
    grid = volume_grid(volume)
    panel.ui.editButton.collapsed = False
    jumpToSlice(volume, frame)
    panel.ui.markButton.click()
    node = slicer.mrmlScene.GetNodeByID(slicer.app.applicationLogic().GetSelectionNode().GetActivePlaceNodeID())
    for row, column in ends:
        x, y, z = grid.lps_mm((frame, row, column))
        node.AddControlPointWorld(-x, -y, z)

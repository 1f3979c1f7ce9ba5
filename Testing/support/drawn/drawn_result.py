"""A pullback whose labels are the drawn vessel's, in the scene as a run of the worker leaves it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from drawn_vessel import FRAME_MM, PIXEL_MM, a_vessel
from drawn_volumes import add_array
from LesionReadingLib.geometry.spacing import TYPED
from LesionReadingLib.labels.seg_nrrd import write_seg_nrrd
from LesionReadingScene.scene import volume_grid, volume_spacing
from OCTCalciumLib.segments import SEGMENTS

STRAIGHT = np.eye(3)
STEPS_MM = np.array([PIXEL_MM, PIXEL_MM, FRAME_MM])


def a_pullback(directions=STRAIGHT, name="a pullback", frame_count=24):
    """A volume node, bright and grainy where the drawn vessel has tissue; ``directions``: axes of column, row and frame, LPS."""
    vessel = a_vessel()[:frame_count]
    grain = np.random.default_rng(0).integers(0, 20, vessel.shape)
    grey = (np.where(vessel == 3, 0, 110) + grain).astype(np.uint8)
    return add_array(grey, directions * STEPS_MM[:, None], np.array([5.0, -7.0, 11.0]), name, TYPED)


def write_run(folder: Path, volume, labels: np.ndarray) -> Path:
    """Write what the panel reads of a run on a volume node, with these labels (frames, rows, columns)."""
    grid = volume_grid(volume).with_spacing(volume_spacing(volume))
    (folder / "out").mkdir(parents=True)
    write_seg_nrrd(folder / "out" / "segmentation.seg.nrrd", labels, grid, SEGMENTS)
    return folder

"""A pullback whose labels are the drawn vessel's, in the scene as a run of the worker leaves it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from drawn_vessel import FRAME_MM, PIXEL_MM, a_vessel
from LesionReadingLib.geometry.spacing import TYPED
from LesionReadingLib.labels.label_map import LabelMap
from LesionReadingLib.labels.seg_nrrd import write_seg_nrrd
from LesionReadingScene.scene import add_volume, volume_place, volume_spacing
from OCTCalciumLib.segments import SEGMENTS

STRAIGHT = np.eye(3)
STEPS_MM = np.array([PIXEL_MM, PIXEL_MM, FRAME_MM])


def a_pullback(directions=STRAIGHT, name="a pullback", frame_count=24):
    """A volume node, bright and grainy where the drawn vessel has tissue; ``directions``: axes of column, row and frame, LPS."""
    vessel = a_vessel()[:frame_count]
    grain = np.random.default_rng(0).integers(0, 20, vessel.shape)
    grey = (np.where(vessel == 3, 0, 110) + grain).astype(np.uint8)
    return add_volume(grey, directions * STEPS_MM[:, None], np.array([5.0, -7.0, 11.0]), name, TYPED)


def write_run(folder: Path, volume, labels: np.ndarray) -> Path:
    """Write what the panel reads of a run on a volume node, with these labels (frames, rows, columns)."""
    axes_mm, origin_mm = volume_place(volume)
    units = axes_mm / np.linalg.norm(axes_mm, axis=1)[:, None]
    label_map = LabelMap(labels, volume_spacing(volume), tuple(origin_mm), tuple(units.T.ravel()))
    (folder / "out").mkdir(parents=True)
    write_seg_nrrd(folder / "out" / "segmentation.seg.nrrd", label_map, SEGMENTS)
    return folder

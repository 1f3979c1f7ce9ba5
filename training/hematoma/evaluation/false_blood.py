"""What was taken for blood in a phantom head where there is none: a sinus, dura, bone, and how much of it."""

from __future__ import annotations

import numpy as np
from HematomaMarkersLib.labels import BACKGROUND, HEMATOMA, INTRAVENTRICULAR
from HematomaMarkersLib.phantom.mimics import CAUSES
from HematomaMarkersLib.phantom.patient import PhantomHead
from scipy import ndimage

NEAR_MM = 2.5
"""So far from a structure blood still counts as taken from it: half of a usual slice."""
BESIDE, TISSUE = "beside true blood", "brain"


def false_blood_ml(head: PhantomHead, labels: np.ndarray) -> dict[str, float]:
    """How much was marked where no blood of any kind is, by cause, in mL; causes without any are left out.

    Args:
        head: of the wide range; of an ordinary one only what lies beside true blood is told from the rest.
        labels: (slices, rows, columns), what was found on the head's voxels.
    """
    false = np.isin(labels, (HEMATOMA, INTRAVENTRICULAR)) & (head.labels == BACKGROUND)
    places = np.argwhere(false)
    if not len(places):
        return {}
    names = np.array([TISSUE, *CAUSES])[_mimics_at(head, places)]
    names = np.where(_near_blood(head)[false], BESIDE, names)
    voxel_ml = head.grid.voxel_ml[places[:, 0]]
    return {str(name): float(voxel_ml[names == name].sum()) for name in np.unique(names)}


def _mimics_at(head: PhantomHead, places: np.ndarray) -> np.ndarray:
    """Numbers in ``CAUSES``, from 1 on, of the structure nearest to each voxel (voxels, 3); 0 where none is near."""
    if head.mimics is None:
        return np.zeros(len(places), int)
    kinds, step_mm = head.mimics.values, head.mimics.step_mm
    away_mm, nearest = ndimage.distance_transform_edt(kinds == 0, step_mm, return_indices=True)
    grown = np.where(away_mm <= NEAR_MM, kinds[tuple(nearest)], 0)
    points = head.pose.to_head(head.grid.lps_mm(places).T[::-1])
    index = np.rint((points - np.array(head.mimics.origin_mm)[:, None]) / step_mm).astype(int)
    return grown[tuple(np.clip(index, 0, np.array(kinds.shape)[:, None] - 1))]


def _near_blood(head: PhantomHead) -> np.ndarray:
    """bool (slices, rows, columns), within ``NEAR_MM`` of blood on its slice or, at its place, on a neighbouring slice."""
    grid, blood = head.grid, head.labels != BACKGROUND
    near = np.zeros(blood.shape, bool)
    for number in range(len(blood)):
        shown = blood[max(number - 1, 0) : number + 2].any(axis=0)
        if shown.any():
            near[number] = ndimage.distance_transform_edt(~shown, (grid.row_mm, grid.column_mm)) <= NEAR_MM
    return near

"""Pullbacks of our reader as volume nodes."""

import numpy as np
from LesionReadingLib.geometry.spacing import UNKNOWN
from LesionReadingScene.scene import add_volume, set_slice_spacing_unknown

UNKNOWN_PIXEL_MM = 1.0
"""What programs write that know no spacing; no OCT has such pixels."""


def addPullback(pullback, name: str):
    """Add a pullback (``reading.pullback.Pullback``) to the scene as a grey volume, overlays removed, in its place in LPS.

    Distances that the file does not state stay 1 mm and count as not known, so that the panel asks for them.

    Returns:
        vtkMRMLScalarVolumeNode, uint8.

    Raises:
        InputError: a frame cannot be read.
    """
    frames = np.empty((pullback.frame_count, pullback.rows, pullback.columns), np.uint8)
    for number, frame in enumerate(pullback.read(0, pullback.frame_count)):
        frames[number] = frame
    spacing = pullback.spacing
    steps_mm = np.array([spacing.column_mm or 1.0, spacing.row_mm or 1.0, spacing.frame_mm or 1.0])
    axes_mm = np.reshape(pullback.direction, (3, 3)).T * steps_mm[:, None]
    source = spacing.in_plane_source if spacing.in_plane_known else UNKNOWN
    volume = add_volume(frames, axes_mm, np.array(pullback.origin_mm), name, source)
    if spacing.in_plane_known and spacing.frame_mm is None:
        set_slice_spacing_unknown(volume)
    volume.SetDescription("\n".join(pullback.notes))
    return volume

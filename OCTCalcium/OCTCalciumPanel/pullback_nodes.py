"""Pullbacks of our reader as volume nodes."""

import numpy as np
from LesionReadingScene.scene import add_image, new_image

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
    return addFrames(pullback, framesOf(pullback), name)


def framesOf(pullback):
    """All frames of a pullback, overlays removed, as an image of uint8 that ``addFrames`` takes; a thread may read them.

    Raises:
        InputError: a frame cannot be read.
    """
    image, frames = new_image(pullback.grid.shape, np.uint8)
    for number, frame in enumerate(pullback.read(0, pullback.frame_count)):
        frames[number] = frame
    return image


def addFrames(pullback, image, name: str):
    """As ``addPullback``, with the frames that ``framesOf`` has read."""
    volume = add_image(image, pullback.grid, name)
    volume.SetDescription("\n".join(pullback.notes))
    return volume

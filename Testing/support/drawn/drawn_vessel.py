"""A vessel whose calcium is drawn from angles.

24 frames of 0.25 mm, pixels of 0.04 mm, lumen of radius 1.2 mm in the image centre. Frames 8 to 15 have a ring sector of 240
degrees from 1.4 to 2.0 mm, beginning at 20 degrees; frames 19 to 22 have one of 60 degrees from 1.5 to 1.8 mm.
"""

from __future__ import annotations

import numpy as np
from drawn_labels import CALCIUM, Drawing
from LesionReadingLib.geometry.spacing import Spacing

PIXEL_MM, FRAME_MM = 0.04, 0.25
SPACING = Spacing(PIXEL_MM, PIXEL_MM, FRAME_MM, "DICOM (0028,0030) Pixel Spacing", "typed by the user")
WIDE, NARROW = range(8, 16), range(19, 23)


def a_frame():
    return Drawing((160, 160), PIXEL_MM, PIXEL_MM).lumen(1.2)


def a_vessel(widest_deg=240.0):
    frames = [a_frame() for _ in range(24)]
    for number in WIDE:
        frames[number].sector(CALCIUM, 1.4, 2.0, 20, widest_deg)
    for number in NARROW:
        frames[number].sector(CALCIUM, 1.5, 1.8, 100, 60)
    return np.stack([frame.labels for frame in frames])

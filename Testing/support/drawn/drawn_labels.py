"""Label maps drawn from circles and angles: every number in them is known from geometry. Shares no code with the measurement."""

from __future__ import annotations

import numpy as np

BACKGROUND, CALCIUM, GUIDEWIRE, LUMEN = range(4)


class Drawing:
    """One frame in mm: shapes are painted over each other in the order of the calls. A pixel belongs to a shape if its centre does.

    Args:
        shape: rows and columns.
        row_mm, column_mm: size of a pixel.
        centre_mm: (down, right) of the vessel's centre from the image centre.
    """

    def __init__(self, shape=(300, 300), row_mm=0.02, column_mm=0.02, centre_mm=(0.0, 0.0)):
        rows, columns = np.indices(shape)
        self.down = (rows - (shape[0] - 1) / 2) * row_mm - centre_mm[0]
        self.right = (columns - (shape[1] - 1) / 2) * column_mm - centre_mm[1]
        self.labels = np.zeros(shape, np.uint8)

    def sector(self, label, inner_mm, outer_mm, start_deg=0.0, extent_deg=360.0, apex_mm=(0.0, 0.0)):
        """Paint a ring sector around the vessel's centre moved by ``apex_mm`` (down, right)."""
        down, right = self.down - apex_mm[0], self.right - apex_mm[1]
        radius = np.hypot(down, right)
        turned = (np.degrees(np.arctan2(down, right)) - start_deg) % 360
        self.labels[(radius >= inner_mm) & (radius < outer_mm) & (turned < extent_deg)] = label
        return self

    def lumen(self, radius_mm=1.2):
        return self.sector(LUMEN, 0, radius_mm)

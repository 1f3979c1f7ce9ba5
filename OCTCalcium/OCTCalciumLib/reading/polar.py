"""Scan conversion of IVOCT 'for processing' frames: A-lines (rows, catheter at the left) into a Cartesian picture.

DICOM PS3.3 C.8.27.3-6 and PS3.17 EEE.2: depth sample ``s`` lies at radius ``s + Z offset`` samples (a positive OCT Z Offset
Correction (0052,0030) moves tissue away from the catheter), padded A-lines (0052,0038) are the last rows and hold nothing,
the remaining A-lines are spread evenly over 360 degrees, angles are measured clockwise on the screen from the vertical, and the
catheter turns clockwise for (0052,0031) = CW, seen from the motor as the picture is.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix

# More pixels than this would only interpolate: the network and the eye see no more.
LARGEST_PICTURE_PIXELS = 1024


@dataclass(frozen=True)
class PolarFrame:
    """How the A-lines of one frame lie around the catheter.

    Attributes:
        a_lines: number of A-lines that hold data (padded ones not counted).
        samples: depth samples per A-line.
        z_offset: samples by which the A-lines are to be moved away from the catheter.
        first_angle_deg: where A-line 0 is shown, clockwise from the vertical (12 o'clock).
        clockwise: whether further A-lines follow clockwise.
    """

    a_lines: int
    samples: int
    z_offset: int
    first_angle_deg: float
    clockwise: bool


def picture_size(samples: int, largest_z_offset: int) -> tuple[int, float]:
    """Side of the square picture in pixels, and the depth samples that one of its pixels spans."""
    reach = samples + largest_z_offset
    side = min(2 * reach, LARGEST_PICTURE_PIXELS)
    return side, 2 * reach / side


def scan_matrix(frame: PolarFrame, side: int, samples_per_pixel: float) -> csr_matrix:
    """Bilinear scan conversion as a sparse matrix: ``matrix @ polar.ravel()`` is the Cartesian picture, flattened.

    Args:
        frame: the geometry; ``polar`` has shape (frame.a_lines, frame.samples).
        side, samples_per_pixel: from ``picture_size``.

    Returns:
        (side * side, a_lines * samples) float32; pixels outside the scanned range are zero. The seam between the last and the
        first A-line is interpolated over like any other pair.
    """
    centre = (side - 1) / 2
    row, column = np.mgrid[:side, :side].astype(np.float32) - np.float32(centre)
    depth = np.hypot(row, column).ravel() * samples_per_pixel - frame.z_offset
    clockwise_deg = np.degrees(np.arctan2(column, -row)).ravel()
    turned_deg = (clockwise_deg - frame.first_angle_deg) * (1 if frame.clockwise else -1)
    line = np.mod(turned_deg / 360 * frame.a_lines, frame.a_lines)

    inside = np.flatnonzero((depth >= 0) & (depth <= frame.samples - 1))
    depth, line = depth[inside], line[inside]
    nearer = np.minimum(depth.astype(np.int32), frame.samples - 2)
    before = line.astype(np.int32) % frame.a_lines
    after = (before + 1) % frame.a_lines
    far, late = depth - nearer, line - np.floor(line)
    columns = np.stack(
        [
            before * frame.samples + nearer,
            before * frame.samples + nearer + 1,
            after * frame.samples + nearer,
            after * frame.samples + nearer + 1,
        ]
    )
    weights = np.stack([(1 - late) * (1 - far), (1 - late) * far, late * (1 - far), late * far]).astype(np.float32)
    rows = np.broadcast_to(inside, columns.shape)
    return csr_matrix((weights.ravel(), (rows.ravel(), columns.ravel())), shape=(side * side, frame.a_lines * frame.samples))


def scan_convert(polar: np.ndarray, matrix: csr_matrix, side: int) -> np.ndarray:
    """Picture (side, side) uint8 of A-lines (a_lines, samples) uint8."""
    return np.rint(matrix @ polar.ravel().astype(np.float32)).astype(np.uint8).reshape(side, side)

"""Everything that is measured in one frame of a pullback, from its label map alone.

Definitions (the report repeats them):

* **Strays**: specks of calcium and guidewire, and pieces of lumen beside the lumen (see ``strays``), are in no number but the area
  and volume of calcium, which count every pixel.
* **Vertex** of every angle: the centroid of the closed lumen (label 3, and label 2 inside the lumen border); where calcium or the
  wall reaches it, the deepest point of the lumen; the image centre where there is no lumen label or where the catheter is asked
  for (see ``vertex``).
* **Deposit**: calcium pixels that touch each other, also across a corner.
* **Total arc**: the angles at which there is any calcium. **Largest contiguous arc**: of one deposit. **Bridged arc**: of deposits
  joined through the guidewire's shadow, its gap counted as calcium (see ``arcs.bridge``). A guidewire that holds the vertex, or is
  wider than any shadow, has no direction: it bridges nothing.
* **Thickness** at an angle: from inner to outer edge along the ray, of one deposit: where a ray meets calcium, a gap and calcium
  again, the thicker of the two and not the span. The largest is over all angles.
* **Depth** at an angle: from the lumen border to the inner edge of the first calcium along the ray. The least is over all angles.
* **Area**: calcium pixels x pixel area. **Lumen area**: closed lumen pixels x pixel area.

Lengths and areas are None while the in-plane spacing is unknown; angles then take pixels as square.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from LesionReadingLib.geometry.spacing import Spacing
from LesionReadingLib.masks import bounding_box
from LesionReadingLib.pieces import padded

from ..labels import CALCIUM, LUMEN
from ..vessel.lumen import close_lumen
from ..vessel.rays import Grid
from ..vessel.strays import Strays, remove_strays
from .arcs import arc_start_deg
from .deposits import Deposit, measure_calcium
from .vertex import VertexSource, lumen_vertex

Vertex = Literal["lumen", "catheter"]


@dataclass(frozen=True, eq=False)
class FrameMeasurement:
    """The numbers of one frame; see the module for their definitions.

    Attributes:
        frame: number of the frame, from 0.
        position_mm: distance from the first frame; None while the frame spacing is unknown.
        area_mm2: area of every calcium pixel; None while the in-plane spacing is unknown.
        arc_total_deg, arc_contiguous_deg, arc_bridged_deg: the three arcs, 0 without calcium.
        bridged_start_deg: angle where the longest bridged arc begins, to run clockwise on the screen; None without calcium.
        max_thickness_mm, min_depth_mm: None without calcium or spacing, the depth also without a lumen label.
        lumen_area_mm2: area of the closed lumen; None without lumen label or spacing.
        lumen_cut, calcium_cut: whether the label touches the image border, so that its numbers are lower bounds.
        vertex: (row, column) in pixels; ``vertex_source`` where it came from.
        vertex_open: whether it can lie in the open lumen: False for an image centre that nothing tells to be in the lumen, and for
            a catheter in calcium; no angle, thickness or depth means what it should then.
        bridging_refused: whether the guidewire's label bridges nothing because it holds the vertex or is too wide.
        calcium_pixels: number of calcium pixels, strays included. lumen_pixels: of the closed lumen.
        strays: what was left out.
        deposits: the pieces of calcium, largest arc first, without strays.
        thickness_mm: (360,) float32, thickness in each degree (bin d is d to d + 1); NaN without calcium, all NaN without spacing.
        guidewire: (360,) booleans, the degrees that the guidewire or its shadow hides.
    """

    frame: int
    position_mm: float | None
    area_mm2: float | None
    arc_total_deg: float
    arc_contiguous_deg: float
    arc_bridged_deg: float
    bridged_start_deg: float | None
    max_thickness_mm: float | None
    min_depth_mm: float | None
    lumen_area_mm2: float | None
    lumen_cut: bool
    calcium_cut: bool
    vertex: tuple[float, float]
    vertex_source: VertexSource
    vertex_open: bool
    bridging_refused: bool
    calcium_pixels: int
    lumen_pixels: int
    strays: Strays
    deposits: tuple[Deposit, ...]
    thickness_mm: np.ndarray
    guidewire: np.ndarray

    @property
    def calcium_degrees(self) -> np.ndarray:
        """(360,) booleans, the degrees with calcium that is seen (bridged gaps left out)."""
        covered = np.zeros(360, bool)
        for deposit in self.deposits:
            covered |= deposit.arc.reshape(360, -1).any(axis=1)
        return covered & ~self.guidewire


def measure_frame(labels: np.ndarray, spacing: Spacing, frame: int, vertex: Vertex = "lumen") -> FrameMeasurement:
    """Measure one frame.

    Args:
        labels: (rows, columns) uint8 with 0 background, 1 calcium, 2 guidewire, 3 lumen.
        spacing: of the pullback.
        frame: number of the frame, from 0; gives its position.
        vertex: "lumen" for the centroid of the closed lumen, "catheter" for the image centre.
    """
    known = spacing.in_plane_known
    row_size, column_size = (spacing.row_mm, spacing.column_mm) if known else (1.0, 1.0)
    pixel_mm2 = row_size * column_size if known else None
    rows, columns = bounding_box(labels)
    crop = padded(labels[rows, columns])
    shift = np.array([rows.start - 1, columns.start - 1])  # a pixel of the crop + shift is a pixel of the frame
    strays = remove_strays(crop, labels.size)
    cut = _at_border(crop[1:-1, 1:-1], rows, columns, labels.shape)

    lumen = close_lumen(crop, row_size, column_size)
    crop[lumen.hidden] = LUMEN
    point, source = (np.array(labels.shape) - 1) / 2 - shift, "catheter" if vertex == "catheter" else "image_centre"
    if lumen.pixel_count and vertex == "lumen":
        point, source = lumen_vertex(crop, lumen, row_size, column_size)
    calcium = measure_calcium(Grid(crop, tuple(point), row_size, column_size), lumen.hidden)
    if not known:
        calcium = calcium.without_lengths()
    main = calcium.deposits[0] if calcium.deposits else None
    calcium_pixels = sum(deposit.pixel_count for deposit in calcium.deposits) + strays.calcium
    point = point + shift
    return FrameMeasurement(
        frame=frame,
        position_mm=None if spacing.frame_mm is None else frame * spacing.frame_mm,
        area_mm2=calcium_pixels * pixel_mm2 if known else None,
        arc_total_deg=calcium.arc_total_deg,
        arc_contiguous_deg=calcium.arc_contiguous_deg,
        arc_bridged_deg=main.arc_deg if main else 0.0,
        bridged_start_deg=arc_start_deg(main.arc) if main else None,
        max_thickness_mm=max(deposit.max_thickness_mm for deposit in calcium.deposits) if known and main else None,
        min_depth_mm=calcium.min_depth_mm,
        lumen_area_mm2=lumen.pixel_count * pixel_mm2 if known and lumen.pixel_count else None,
        lumen_cut=LUMEN in cut,
        calcium_cut=CALCIUM in cut,
        vertex=(float(point[0]), float(point[1])),
        vertex_source=source,
        vertex_open=source != "image_centre" and labels[tuple(np.rint(point).astype(int))] != CALCIUM,
        bridging_refused=calcium.bridging_refused,
        calcium_pixels=calcium_pixels,
        lumen_pixels=lumen.pixel_count,
        strays=strays,
        deposits=calcium.deposits,
        thickness_mm=calcium.thickness_mm,
        guidewire=calcium.guidewire.reshape(360, -1).any(axis=1),
    )


def _at_border(crop: np.ndarray, rows: slice, columns: slice, shape: tuple[int, ...]) -> set[int]:
    """The labels that touch the border of the image, of which ``crop`` holds these rows and columns."""
    sides = [
        (crop[:1], rows.start == 0),
        (crop[-1:], rows.stop == shape[0]),
        (crop[:, :1], columns.start == 0),
        (crop[:, -1:], columns.stop == shape[1]),
    ]
    return {int(label) for side, at_border in sides if at_border for label in np.unique(side)}

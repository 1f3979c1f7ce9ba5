"""What can be measured on mask and density for each marker, and from when on it counts as found.

Every marker is judged slice by slice, because thick slices are read that way, and stands with the slice that shows it best. The
limits are the definitions' own where they have one, and are otherwise our own, named here with their reason and chosen on phantoms.
"""

from __future__ import annotations

from dataclasses import dataclass

from ...labels import BLEND, FLUID_LEVEL, HYPODENSITY, IRREGULAR_MARGIN
from .holes import Hole
from .margin import IRREGULAR_SCALE
from .slice import SliceMeasurement
from .split import Split

Value = float | bool | None

BLEND_HU = 18.0
"""Li Q et al. Blend sign on computed tomography. Stroke 2015;46:2119-2123: at least 18 HU between the parts."""

BLACK_HOLE_HU = 28.0
"""Li Q et al. Black hole sign. Stroke 2016;47:1777-1781: at least 28 HU below the blood around it, enclosed, sharp border."""

HYPODENSITY_HU = 8.0
"""Our own: Boulouis G et al. (JAMA Neurol 2016;73:961-968) set no difference; noise and texture make dips of up to 6 HU."""

HYPODENSITY_MM2 = 10.0
"""Our own: 3.6 mm across; a smaller spot is not told from noise."""

LEAK_HU, LEAK_SHARE = 5.0, 0.24
"""Our own: a hole is enclosed when the lowest place of its wall is no more than this below the least dense tenth of the blood
around it, in HU or as a share of how far that lies above the hole: blur lowers a wall of 2 mm by a share of what it encloses."""

SHARP_WIDTH_MM = 5.5
"""Our own for 'margin sharp to the naked eye': a step is 2.5 mm wide after the averaging, and up to about 5 mm on a blurred
scan in which it runs aslant through a thick slice."""

ENCLOSED_SHARE = 0.85
"""Our own: a less dense part with more of its border than this against denser blood does not reach the edge broadly (no blend)."""

LEVEL_HU = 10.0
"""Our own: plasma over settled blood differs by more; Pfleger MJ et al. (Stroke 1994;25:1377-1381) set no number."""

LEVEL_TILT_DEG = 12.0
"""Our own: the error of a line through a border of some 15 mm."""

LEVEL_SLOPE_DEG = 15.0
"""Our own: a level stays at one height from slice to slice; two thick slices allow this error."""

LEVEL_UNEVENNESS_MM = 1.2
"""Our own: a fluid's surface is flat; what remains is noise and pixels."""


@dataclass(frozen=True)
class MarkerEvidence:
    """What was measured for a marker.

    Attributes:
        found: whether the limits above are met.
        slice: the slice that shows it best, or comes nearest; None where nothing could be measured.
        values: the numbers of that slice, units in their names; None where not known.
        sentence: for the report, in plain words; slices are counted from 1.
        slices: all slices on which it is found.
    """

    found: bool
    slice: int | None
    values: dict[str, Value]
    sentence: str
    slices: tuple[int, ...] = ()


def is_enclosed(hole: Hole) -> bool:
    """Whether dense blood surrounds a hole, also in the neighbouring slices."""
    return hole.ordinary_wall_hu - hole.wall_hu <= max(LEAK_HU, LEAK_SHARE * hole.ordinary_wall_hu)


def is_hypodensity(hole: Hole | None) -> bool:
    """Enclosed, large and dark enough."""
    return hole is not None and hole.difference_hu >= HYPODENSITY_HU and hole.area_mm2 >= HYPODENSITY_MM2 and is_enclosed(hole)


def is_fluid_level(split: Split | None) -> bool:
    """A sharp, straight, horizontal border, denser below; False where gravity is not known."""
    return (
        is_sharp(split)
        and split.difference_hu >= LEVEL_HU
        and split.unevenness_mm <= LEVEL_UNEVENNESS_MM
        and split.tilt_deg is not None
        and split.tilt_deg <= LEVEL_TILT_DEG
        and bool(split.denser_below)
    )


def is_blend(split: Split | None) -> bool:
    """18 HU, sharp, and not enclosed. The border of a fluid level meets this, too; ``found_on_slice`` tells them apart."""
    return is_sharp(split) and split.difference_hu >= BLEND_HU and split.enclosure <= ENCLOSED_SHARE


def found_on_slice(measured: SliceMeasurement) -> dict[str, bool]:
    """Which markers a slice shows; a border is a fluid level or a blend, not both."""
    level = is_fluid_level(measured.split)
    return {
        HYPODENSITY: is_hypodensity(plainest_hole(measured)),
        IRREGULAR_MARGIN: measured.margin is not None and measured.margin.scale >= IRREGULAR_SCALE,
        BLEND: is_blend(measured.split) and not level,
        FLUID_LEVEL: level,
    }


def is_sharp(split: Split | None) -> bool:
    """Whether the border of two parts is sharp to the naked eye."""
    return split is not None and split.width_mm <= SHARP_WIDTH_MM


def plainest_hole(measured: SliceMeasurement) -> Hole | None:
    """The hole that is nearest to a hypodensity: enclosed before leaking, then by difference and size."""
    return max(measured.holes, key=lambda hole: (is_hypodensity(hole), hole.difference_hu * hole.area_mm2**0.5), default=None)

"""The numbers of a scan, and the two rules that decision, signs, tables, pages and panel follow: what counts as a hematoma, and on
which hematomas signs are judged.

Volumes are those of the label map, whether it counts or not.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from LesionReadingLib.geometry.grid import Grid

from .markers.evidence import MarkerEvidence
from .markers.slice import SliceMeasurement
from .ventricles import HeadSpaces
from .volume import Abc2

LEAST_HEMATOMA_ML = 0.5
LEAST_SIGN_ML, LEAST_SIGN_IN_PICTURES_ML = 1.5, 5.0
"""All as in the shipped ``data/triage.toml``, which says why."""


@dataclass(frozen=True, eq=False)
class ScanMeasurement:
    """The numbers of a scan; where no hematoma counts, no evidence is found and there is no shape.

    Where one counts but is too small to show signs, no evidence is found and its margin has no grade.

    Attributes:
        grid: of the label map. with_ct: whether densities were measured.
        slices: one per slice of the label map.
        volume_ml, ivh_ml: voxels x their volume. abc2: the bedside volume with its lengths.
        specks_ml: of the hematoma, in pieces too small to be told from noise on their slice.
        least_ml: from which what is no speck counts as a hematoma. least_sign_ml: of a hematoma, from which signs are judged.
        ivh_apart_ml: of the blood in the ventricles, what touches neither a ventricle nor the hematoma; 0 without CT.
        ventricles_seen: whether the scan shows fluid in a ventricle; None where it was not looked for.
        doubts: sentences on what was marked but cannot be blood; nothing counts then.
        mean_hu: of all hematoma voxels; None without hematoma or CT.
        evidence: marker -> what was measured for it.
        island_count, satellite_count: on the slice with most, see ``margin``.
        shape_scale: 1 to 5, the stand-in for Barras 2009; None where no signs are judged. shape_scale_slice: where it was found.
        sphericity: 1 for a ball; None without a hematoma.
    """

    grid: Grid
    with_ct: bool
    slices: tuple[SliceMeasurement, ...]
    volume_ml: float
    ivh_ml: float
    specks_ml: float
    least_ml: float
    least_sign_ml: float
    ivh_apart_ml: float
    ventricles_seen: bool | None
    doubts: tuple[str, ...]
    abc2: Abc2
    mean_hu: float | None
    evidence: dict[str, MarkerEvidence]
    island_count: int
    satellite_count: int
    shape_scale: int | None
    shape_scale_slice: int | None
    sphericity: float | None
    spaces: HeadSpaces | None = field(default=None, repr=False)

    @property
    def in_pieces_ml(self) -> float:
        """Of the hematoma, what is no speck."""
        return self.volume_ml - self.specks_ml

    @property
    def has_hematoma(self) -> bool:
        """Whether what was marked counts as a hematoma: pieces that are no specks have ``least_ml`` together, and can be blood."""
        return not self.doubts and self.in_pieces_ml > 0 and self.in_pieces_ml >= self.least_ml

    @property
    def shows_signs(self) -> bool:
        """Whether signs are judged: a hematoma counts, and its volume reaches ``least_sign_ml``."""
        return self.has_hematoma and self.volume_ml >= self.least_sign_ml

    @property
    def too_small_for_signs(self) -> bool:
        """Whether a hematoma counts on which no sign can be told."""
        return self.has_hematoma and not self.shows_signs

    @property
    def counted_ivh_ml(self) -> float:
        """Of the blood in the ventricles, what touches a ventricle or the hematoma."""
        return 0.0 if self.doubts else self.ivh_ml - self.ivh_apart_ml

    @property
    def ivh_slice(self) -> int | None:
        """The slice with most blood in the ventricles; None where there is none."""
        areas = [measured.ivh_area_mm2 for measured in self.slices]
        return areas.index(max(areas)) if any(areas) else None

    @property
    def abc2_ml(self) -> float:
        """The bedside volume."""
        return self.abc2.volume_ml

"""Growth of a hematoma since an earlier scan.

Volumes are compared as they were measured on each scan's own voxels; the rigid registration of the two heads (``registration``)
serves the eye, so that both can be shown side by side, and never changes a volume.

* **Expansion**: 30 % or more (the source study's rule); 6 mL or more, or 33 % or more (Dowlatshahi et al., Neurology
  2011;76:1238-1244); revised: also new intraventricular blood (Yogendrakumar et al., Stroke 2020;51:1120-1127).
* **Measurement error**: two readers differ by about 5.8 mL, one reader with himself by 3.8 mL; a change within 5.8 mL may be none.

From less than ``LEAST_HEMATOMA_ML`` to a hematoma is growth by any definition, and what is no hematoma now has not grown.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from LesionReadingLib.errors import InputError
from LesionReadingLib.language import _

from ..labels import HEMATOMA, INTRAVENTRICULAR
from ..measurement.scan import LEAST_HEMATOMA_ML
from ..reading.prior import check_order
from ..reading.scan import Scan
from .registration import POOR_LIKENESS, Alignment, align_heads

SEED_PERCENT = 30.0
FIELD_ML, FIELD_PERCENT = 6.0, 33.0
NO_IVH_ML, NEW_IVH_ML = 0.1, 0.5
"""Intraventricular blood is new where the earlier scan has less than the first and this one at least the second. The definition
says "any"; our own limits keep a few wrong voxels of a mask from counting."""

BETWEEN_READERS_ML, WITHIN_READER_ML = 5.8, 3.8


@dataclass(frozen=True, eq=False)
class Growth:
    """The change since an earlier scan.

    Attributes:
        prior_ml, change_ml: of the hematoma. change_percent: of the earlier volume; None where that is 0.
        expanded_seed_30_percent, expanded_6ml_or_33_percent: the definitions of the module.
        new_ivh: whether intraventricular blood is new. prior_ivh_ml, ivh_change_ml: its volumes.
        within_error: whether the change is no larger than the error between two readers.
        hours: from the earlier scan to this one; None where not known.
        transform: (4, 4) LPS in mm, from a place in this scan to the same in the earlier one; None where only volumes are known.
        rotation_deg, translation_mm: angle of that transform, and how far it moves the middle of the head.
        likeness: correlation of the two heads after registration, 1 for the same picture.
        notes: sentences for the report.
    """

    prior_ml: float
    change_ml: float
    change_percent: float | None
    expanded_seed_30_percent: bool
    expanded_6ml_or_33_percent: bool
    new_ivh: bool
    within_error: bool
    prior_ivh_ml: float
    ivh_change_ml: float
    hours: float | None = None
    transform: np.ndarray | None = None
    rotation_deg: float | None = None
    translation_mm: float | None = None
    likeness: float | None = None
    notes: tuple[str, ...] = ()

    @property
    def limits_ml(self) -> dict[str, float]:
        """The change from which each definition speaks of expansion, in mL, for a hematoma of ``prior_ml``."""
        seed_ml, field_ml = (self.prior_ml * percent / 100 for percent in (SEED_PERCENT, FIELD_PERCENT))
        return {"seed_30_percent": seed_ml, "6ml_or_33_percent": min(FIELD_ML, field_ml)}


def compare(prior: tuple[Scan, np.ndarray], current: tuple[Scan, np.ndarray], force: bool = False) -> Growth:
    """Growth between two scans of a patient, with the registration of the heads.

    Args:
        prior, current: (CT, labels on its voxels) of the earlier scan and of this one.
        force: compare although the two scans name different patients, or the earlier one was made after this one.

    Raises:
        InputError: as ``check_order``, or labels do not lie on their scan's voxels.
    """
    prior_scan, current_scan = prior[0], current[0]
    notes = check_order(prior_scan, current_scan, force)
    growth = growth_of_volumes(*_volumes_ml(*prior), *_volumes_ml(*current), hours_between(prior_scan, current_scan))
    alignment = align_heads(current_scan, prior_scan)
    if alignment.likeness < POOR_LIKENESS:
        notes.append(_("The two heads could not be laid over each other well; compare their pictures with care."))
    return _with_alignment(replace(growth, notes=tuple(notes)), alignment)


def growth_of_volumes(
    prior_ml: float, prior_ivh_ml: float, current_ml: float, current_ivh_ml: float, hours: float | None = None
) -> Growth:
    """Growth from volumes alone, as where an earlier result without its CT is given.

    Args:
        prior_ml, prior_ivh_ml: of hematoma and of intraventricular blood, earlier. current_ml, current_ivh_ml: now.
        hours: between the scans; None where not known.
    """
    change_ml = current_ml - prior_ml
    percent = 100 * change_ml / prior_ml if prior_ml > 0 else None
    is_hematoma = current_ml >= LEAST_HEMATOMA_ML
    from_nothing = is_hematoma and prior_ml < LEAST_HEMATOMA_ML
    by_percent = percent if is_hematoma and percent is not None else 0.0
    return Growth(
        prior_ml=prior_ml,
        change_ml=change_ml,
        change_percent=percent,
        expanded_seed_30_percent=from_nothing or by_percent >= SEED_PERCENT,
        expanded_6ml_or_33_percent=from_nothing or change_ml >= FIELD_ML or by_percent >= FIELD_PERCENT,
        new_ivh=prior_ivh_ml < NO_IVH_ML and current_ivh_ml >= NEW_IVH_ML,
        within_error=abs(change_ml) <= BETWEEN_READERS_ML,
        prior_ivh_ml=prior_ivh_ml,
        ivh_change_ml=current_ivh_ml - prior_ivh_ml,
        hours=hours,
    )


def hours_between(prior: Scan, current: Scan) -> float | None:
    """Hours from the earlier scan to this one; None where a time is not known, or they are in the wrong order."""
    if None in (prior.acquired, current.acquired) or prior.acquired > current.acquired:
        return None
    return (current.acquired - prior.acquired).total_seconds() / 3600


def _volumes_ml(scan: Scan, labels: np.ndarray) -> tuple[float, float]:
    """(hematoma, intraventricular blood) in mL."""
    if labels.shape != scan.grid.shape:
        raise InputError(_("A label map does not lie on its scan's voxels; give the label map that was made of this scan."))
    hematoma, ivh = (np.array([np.count_nonzero(plane == value) for plane in labels]) for value in (HEMATOMA, INTRAVENTRICULAR))
    return float(hematoma @ scan.grid.voxel_ml), float(ivh @ scan.grid.voxel_ml)


def _with_alignment(growth: Growth, alignment: Alignment) -> Growth:
    return replace(
        growth,
        transform=alignment.transform,
        rotation_deg=alignment.rotation_deg,
        translation_mm=alignment.translation_mm,
        likeness=alignment.likeness,
    )

"""Whether what was marked can be blood at all: what cannot be is told, and nothing is decided on it."""

from __future__ import annotations

from LesionReadingLib.language import _

MOST_BLOOD_ML = 300.0
"""Our own: a fifth of the 1.4 to 1.5 L that a skull holds; the cohorts of our sources end below 200 mL."""

MOST_OF_BRAIN = 0.5
"""Our own: a share of what the skull encloses on the scan that no hematoma takes up."""

LEAST_BLOOD_HU, MOST_BLOOD_HU = 20.0, 100.0
"""Mean density of a clot: acute blood has 50 to 75 HU, unclotted 30 to 45; fluid has up to 15, and calcification and bone begin at
about 100."""


def doubts(
    volume_ml: float, ivh_ml: float, mean_hu: float | None, ivh_mean_hu: float | None, brain_ml: float | None
) -> tuple[str, ...]:
    """Sentences on what cannot be; empty where all can.

    Args:
        volume_ml, ivh_ml: marked as hematoma and as blood in the ventricles. mean_hu, ivh_mean_hu: their density; None where not
            known or too little was marked to tell.
        brain_ml: what the skull encloses on the scan; None where that is not known.
    """
    found = []
    total_ml = volume_ml + ivh_ml
    if total_ml > MOST_BLOOD_ML:
        found.append(
            _(
                "{total:.0f} mL was marked as blood, more than a head can hold ({most:.0f} mL): check the scan (contrast, several "
                "scans in one, size of the voxels) and the contour."
            ).format(total=total_ml, most=MOST_BLOOD_ML)
        )
    elif brain_ml is not None and total_ml > MOST_OF_BRAIN * brain_ml:
        found.append(
            _(
                "{total:.0f} mL was marked as blood where the skull encloses {brain:.0f} mL: check the contour and whether it "
                "belongs to this scan."
            ).format(total=total_ml, brain=brain_ml)
        )
    for what, density in ((_("a hematoma"), mean_hu), (_("blood in the ventricles"), ivh_mean_hu)):
        if density is not None and not LEAST_BLOOD_HU <= density <= MOST_BLOOD_HU:
            like = _("fluid or air") if density < LEAST_BLOOD_HU else _("bone, calcification or contrast agent")
            found.append(
                _(
                    "What was marked as {what} has a mean density of {density:.0f} HU, which is no blood ({least:.0f} to "
                    "{most:.0f} HU) but {like}: check the contour and whether the scan is in HU."
                ).format(what=what, density=density, least=LEAST_BLOOD_HU, most=MOST_BLOOD_HU, like=like)
            )
    return tuple(found)

"""What a reader sees first of a head CT: the finding in a sentence, and the numbers on top; report and panel share them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from LesionReadingLib.geometry.grid import Grid
from LesionReadingLib.labels.label_map import pixels_by_slice
from LesionReadingLib.language import N_, _, joined, listed, ngettext
from LesionReadingLib.presenting.report import Number, absent, with_unit
from LesionReadingLib.text.counting import shown

from ..growth.expansion import Growth
from ..labels import HEMATOMA
from ..measurement.markers.bat import BAT_BLEND, BAT_EARLY, BAT_HIGH_RISK, BAT_HYPODENSITY, Bat
from ..measurement.markers.network_result import outside_slice, volume_range_ml
from ..measurement.markers.sureness import Range
from ..measurement.volume import in_ml

if TYPE_CHECKING:
    from ..measurement.scan import ScanMeasurement
    from ..reading.scan import Scan
    from .case import Case

_MIDLINE_MM = 10.0


def finding(case: Case) -> str:
    """The scan in words that can be read out on the phone; empty where nothing counts and none is outside the brain."""
    outside = outside_slice(case.network)
    if outside is None:
        return _in_the_brain(case)
    suspected = _("Blood outside the brain is suspected (slice {number}).").format(number=shown(outside))
    return joined(_in_the_brain(case), suspected)


def _in_the_brain(case: Case) -> str:
    measured, growth = case.measurement, case.findings.growth
    if not measured.has_hematoma and measured.counted_ivh_ml == 0:
        return ""
    place = [_(word) for word in (case.findings.triage.location, side_of_hematoma(case.scan, case.labels)) if word]
    hematoma = _("No hematoma of {least:g} mL or more").format(least=measured.least_ml)
    if measured.has_hematoma:
        hematoma = listed((_("Hematoma of {volume}").format(volume=in_ml(measured.volume_ml)), *place))
    blood = _("{hematoma}; no blood in the ventricles.")
    if measured.counted_ivh_ml:
        blood = _("{hematoma}; {volume} of blood in the ventricles.")
    sentence = blood.format(hematoma=hematoma, volume=in_ml(measured.counted_ivh_ml))
    return joined(sentence, _change(growth) if growth and measured.has_hematoma else "")


def _change(growth: Growth) -> str:
    amount = _("{change:.1f} mL").format(change=abs(growth.change_ml))
    if growth.change_percent is not None:
        amount = _("{amount} ({percent:.0f} %)").format(amount=amount, percent=abs(growth.change_percent))
    if growth.hours is not None:
        amount = _("{amount} in {hours:.1f} h").format(amount=amount, hours=growth.hours)
    return (_("It grew by {amount}.") if growth.change_ml >= 0 else _("It shrank by {amount}.")).format(amount=amount)


def side_of_hematoma(scan: Scan | None, labels: np.ndarray) -> str | None:
    """``"patient's left"`` or ``"patient's right"`` of the head's middle; None near it, without a hematoma, or if not known."""
    pixels = pixels_by_slice(labels, HEMATOMA)
    if scan is None or not scan.sides_known or not pixels.any():
        return None
    number = int(pixels.argmax())
    left_mm = [_middle_left_mm(scan.grid, number, mask) for mask in (labels[number] == HEMATOMA, scan.hounsfield[number] > 0)]
    beyond = left_mm[0] - left_mm[1]
    if abs(beyond) < _MIDLINE_MM:
        return None
    return N_("patient's left") if beyond > 0 else N_("patient's right")


def numbers(case: Case) -> list[Number]:
    """The numbers on top of the report."""
    measured, growth, triage = case.measurement, case.findings.growth, case.findings.triage
    found = list(volume_numbers(measured, volume_range_ml(case.network)))
    outside = outside_slice(case.network)
    if outside is not None:
        where = _("not measured; slice {number}").format(number=shown(outside))
        found.append(Number(_("Outside the brain"), _("blood suspected"), where))
    if growth:
        since = _("from {prior:.1f} mL").format(prior=growth.prior_ml)
        percent = [] if growth.change_percent is None else [_("{percent:+.0f} %").format(percent=growth.change_percent)]
        found.append(Number(_("Growth"), f"{growth.change_ml:+.1f} mL", listed([*percent, since])))
    if measured.has_hematoma:
        location, chosen = (_(triage.location), _("as chosen")) if triage.location else (absent(), _("none was chosen"))
        found.append(Number(_("Location"), location, chosen))
        found += _shape_numbers(case)
    if triage.bat:
        found.append(Number(_("BAT score"), *bat_in_words(triage.bat)))
    elif measured.too_small_for_signs:
        found.append(_not_judged(_("BAT score"), measured))
    return found


def volume_numbers(measured: ScanMeasurement, ends_ml: Range | None = None) -> tuple[Number, Number]:
    """The volumes of hematoma and ventricular blood; what was marked and does not count is called marked.

    Args:
        ends_ml: between which the network's own scores leave the hematoma; None where that is not known.
    """
    why = _("cannot be blood") if measured.doubts else _("does not count as one")
    if measured.has_hematoma:
        by = _("by voxels; ABC/2: {volume}").format(volume=in_ml(measured.abc2_ml))
        if ends_ml is not None:
            between = _("{low:.1f} to {high:.1f} mL (90 % range); ABC/2: {volume}")
            by = between.format(low=ends_ml[0], high=ends_ml[1], volume=in_ml(measured.abc2_ml))
        hematoma = Number(_("Hematoma volume"), in_ml(measured.volume_ml), by)
    elif measured.volume_ml > 0:
        hematoma = Number(_("Marked as hematoma"), in_ml(measured.volume_ml), why)
    else:
        hematoma = Number(_("Hematoma volume"), _("none"), _("nothing was marked"))
    counted_ml, apart_ml = measured.counted_ivh_ml, measured.ivh_ml - measured.counted_ivh_ml
    if counted_ml == 0 and apart_ml > 0:
        why = _("cannot be blood") if measured.doubts else _("touches no ventricle: does not count")
        return hematoma, Number(_("Marked in the ventricles"), in_ml(apart_ml), why)
    more = _("blood; {volume} more marked does not count").format(volume=in_ml(apart_ml))
    return hematoma, Number(_("In the ventricles"), in_ml(counted_ml), more if apart_ml > 0 else _("blood"))


def bat_in_words(bat: Bat) -> tuple[str, str]:
    """The score, and what it is made of (Morotti 2018)."""
    known = bat.onset_to_ct_hours is not None
    onset = _("time from onset to CT not known")
    if known:
        onset = _("onset to CT {hours:g} h {points}").format(hours=bat.onset_to_ct_hours, points=BAT_EARLY * bat.early)
    blend = _("blend sign {points}").format(points=BAT_BLEND * bat.blend)
    hypodensity = _("hypodensity {points}").format(points=BAT_HYPODENSITY * bat.hypodensity)
    risk = _("high risk of growth") if bat.score >= BAT_HIGH_RISK else _("high risk from {limit}").format(limit=BAT_HIGH_RISK)
    text = _("{risk}: {items}") if known else _("at least; {risk}: {items}")
    items = listed((blend, hypodensity, onset))
    return _("{score} of 5").format(score=bat.score), text.format(risk=risk, items=items)


def _middle_left_mm(grid: Grid, number: int, mask: np.ndarray) -> float:
    """How far to the patient's left the middle of a mask on a slice lies (LPS x)."""
    rows, columns = np.nonzero(mask)
    return float(grid.lps_mm(np.array([number, rows.mean(), columns.mean()]))[0]) if rows.size else 0.0


def _shape_numbers(case: Case) -> list[Number]:
    measured = case.measurement
    found = [
        Number(_("Mean density"), with_unit(measured.mean_hu, "HU", 0), _("acute blood: 50 to 75 HU")),
        _margin_shape(measured),
    ]
    islands, satellites = measured.island_count, measured.satellite_count
    if islands or satellites:
        of_islands = ngettext("{count} island", "{count} islands", islands).format(count=islands)
        of_satellites = ngettext("{count} satellite (under 10 mm)", "{count} satellites (under 10 mm)", satellites)
        found.append(Number(_("Apart from it"), of_islands, of_satellites.format(count=satellites)))
    return found


def _margin_shape(measured: ScanMeasurement) -> Number:
    title = _("Margin shape")
    if measured.too_small_for_signs:
        return _not_judged(title, measured)
    score = _("{score} of 5").format(score=measured.shape_scale)
    return Number(title, score, _("3 or more is irregular; slice {number}").format(number=shown(measured.shape_scale_slice)))


def _not_judged(title: str, measured: ScanMeasurement) -> Number:
    """In the place of a number that rests on signs."""
    return Number(title, _("not judged"), _("hematoma under {least:g} mL").format(least=measured.least_sign_ml))

"""The report: what to do and why first, then numbers, pictures, each marker with its grounds, tables and where it all came from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from LesionReadingLib.counting import shown, shown_stretch
from LesionReadingLib.labels.label_map import pixels_by_slice
from LesionReadingLib.presenting.consequences import Consequences
from LesionReadingLib.presenting.scroll import Scroll
from LesionReadingLib.presenting.study import HOW_CODED, Study, study_of
from LesionReadingLib.report import ABSENT, Number, caution, environment, model_rows, picture_uri, plural, with_unit

from .colors import COLORS, DECISION_COLORS
from .first_screen import first_screen
from .growth import BETWEEN_READERS_ML, WITHIN_READER_ML, Growth
from .labels import BLEND, FLUID_LEVEL, HEMATOMA, HYPODENSITY, IRREGULAR_MARGIN, MARKER_NAMES, MARKERS
from .marker_answers import BAT_BLEND, BAT_EARLY, BAT_HIGH_RISK, BAT_HYPODENSITY, Bat, marker_seen, network_says
from .slice_view import heights_mm
from .triage import Triage
from .triage_rules import Rules, read_rules
from .volume import in_ml

if TYPE_CHECKING:
    from .presenting import Case, Pictures, Shown
    from .scan_measurement import ScanMeasurement

TEMPLATES = Path(__file__).parent / "templates"
EXPANSION_PERCENT = {HYPODENSITY: 20.2, IRREGULAR_MARGIN: 14.0, BLEND: 35.0, FLUID_LEVEL: None}
"""Share of patients whose hematoma grew, by marker, as given after Boulouis et al. (markers on non-contrast CT, Stroke 2017)."""

DEFINITIONS = {
    HYPODENSITY: "A darker part enclosed in the hematoma. Black hole: sharp border, more than 28 HU darker, no contact with brain. "
    "Swirl: darker or irregular inside. (Boulouis 2016)",
    IRREGULAR_MARGIN: "An edge with several bumps or lobes: grade 3 or more on the five-point shape scale. (Barras 2009)",
    BLEND: "A darker part beside a brighter one, with a sharp border between them and 18 HU or more apart; the darker part is not "
    "enclosed. (Li 2015)",
    FLUID_LEVEL: "A horizontal border between darker blood above and brighter blood below, as blood settles. Rare: about 2 of 100 "
    "patients.",
}
_MIDLINE_MM = 10.0


@dataclass(frozen=True)
class MarkerCard:
    """What the report says of a marker.

    Attributes:
        name, verdict: and whether network and measurement ``disagree``.
        seen: by either of them.
        percent, threshold_percent: of the network; None where it says nothing.
        evidence: the measurement's sentence. expansion: how often such hematomas grew. definition: what the marker is.
        pictures: (data URI, caption).
    """

    name: str
    verdict: str
    disagree: bool
    seen: bool
    percent: float | None
    threshold_percent: float | None
    evidence: str
    expansion: str
    definition: str
    pictures: tuple[tuple[str, str], ...]


def write_report(
    path: Path,
    case: Case,
    growth: Growth | None,
    triage: Triage,
    pictures: Pictures,
    model: Mapping[str, Any] | None,
    rules: Rules | None = None,
    study: Study | None = None,
    scroll: Scroll | None = None,
    consequences: Consequences | None = None,
) -> None:
    """Write the report as one HTML file that needs nothing else; arguments as in ``presenting.present``.

    Args:
        study: which study it is; told apart by its labels where None.
        scroll: the slices to scroll through; None for a page that does not move.
        consequences: what to do after each decision; the shipped texts where None.
    """
    heights = heights_mm(case.grid)
    scan = case.scan
    page = (
        environment(TEMPLATES)
        .get_template("report.html")
        .render(
            triage=triage,
            decision_color=DECISION_COLORS[triage.decision],
            screen=first_screen(case.measurement, case.prediction, growth, triage, model, rules or read_rules(), consequences),
            stretch=lambda check: shown_stretch("slice", check.first, check.last).capitalize(),
            study=study or study_of((), case.labels),
            how_coded=HOW_CODED,
            scroll=scroll,
            finding=finding(case, growth, triage),
            numbers=numbers(case, growth, triage),
            key=_embedded(pictures.key),
            growth_pictures=_embedded(pictures.growth),
            growth_rows=growth_rows(growth) if growth else [],
            growth_error=growth_error(growth) if growth else "",
            growth_notes=growth.notes if growth else (),
            cards=[_card(marker, case, pictures) for marker in MARKERS] if case.measurement.has_hematoma else [],
            network=case.prediction is not None,
            caution=caution(model),
            scan=scan,
            slices=[(row, heights[row.slice]) for row in case.measurement.slices if row.area_mm2 or row.ivh_area_mm2],
            slice_count=case.grid.slice_count,
            input_rows=_input_rows(case),
            notes=scan.notes if scan else (),
            warnings=scan.warnings if scan else (),
            model_rows=model_rows(model) if model else [],
            colors=COLORS,
            definitions=DEFINITIONS,
            marker_names=MARKER_NAMES,
            number=shown,
        )
    )
    path.write_text(page, encoding="utf-8")


def finding(case: Case, growth: Growth | None, triage: Triage) -> str:
    """The scan in a sentence that can be read out on the phone; empty where nothing that was marked counts."""
    measured = case.measurement
    if not measured.has_hematoma and measured.counted_ivh_ml == 0:
        return ""
    hematoma = ", ".join(filter(None, [f"Hematoma of {in_ml(measured.volume_ml)}", triage.location, side_of_hematoma(case)]))
    said = hematoma if measured.has_hematoma else f"No hematoma of {measured.least_ml:g} mL or more"
    blood = f"{in_ml(measured.counted_ivh_ml)} of" if measured.counted_ivh_ml else "no"
    said += f"; {blood} blood in the ventricles."
    if growth and measured.has_hematoma:
        change = "grew" if growth.change_ml >= 0 else "shrank"
        percent = "" if growth.change_percent is None else f" ({abs(growth.change_percent):.0f} %)"
        hours = "" if growth.hours is None else f" in {growth.hours:.1f} h"
        said += f" It {change} by {abs(growth.change_ml):.1f} mL{percent}{hours}."
    return said


def side_of_hematoma(case: Case) -> str | None:
    """``"patient's left"`` or ``"patient's right"`` of the head's middle; None near it, without a hematoma, or if not known."""
    pixels = pixels_by_slice(case.labels, HEMATOMA)
    if case.scan is None or not case.scan.sides_known or not pixels.any():
        return None
    number = int(pixels.argmax())
    left_mm = [_middle_left_mm(case, number, mask) for mask in (case.labels[number] == HEMATOMA, case.scan.hounsfield[number] > 0)]
    beyond = left_mm[0] - left_mm[1]
    if abs(beyond) < _MIDLINE_MM:
        return None
    return "patient's left" if beyond > 0 else "patient's right"


def numbers(case: Case, growth: Growth | None, triage: Triage) -> list[Number]:
    """The numbers on top of the report."""
    measured = case.measurement
    listed = list(volume_numbers(measured))
    if growth:
        percent = "" if growth.change_percent is None else f"{growth.change_percent:+.0f} %, "
        listed.append(Number("Growth", f"{growth.change_ml:+.1f} mL", f"{percent}from {growth.prior_ml:.1f} mL"))
    if measured.has_hematoma:
        listed.append(Number("Location", triage.location or ABSENT, "as chosen" if triage.location else "none was chosen"))
        listed += _shape_numbers(case)
    if triage.bat:
        listed.append(Number("BAT score", *bat_in_words(triage.bat)))
    return listed


def volume_numbers(measured: ScanMeasurement) -> tuple[Number, Number]:
    """The volumes of hematoma and ventricular blood; what was marked and does not count is called marked."""
    why = "cannot be blood" if measured.doubts else "does not count as one"
    if measured.has_hematoma:
        hematoma = Number("Hematoma volume", in_ml(measured.volume_ml), f"by voxels; ABC/2: {in_ml(measured.abc2_ml)}")
    elif measured.volume_ml > 0:
        hematoma = Number("Marked as hematoma", in_ml(measured.volume_ml), why)
    else:
        hematoma = Number("Hematoma volume", "none", "nothing was marked")
    counted_ml, apart_ml = measured.counted_ivh_ml, measured.ivh_ml - measured.counted_ivh_ml
    if counted_ml == 0 and apart_ml > 0:
        why = "cannot be blood" if measured.doubts else "touches no ventricle: does not count"
        return hematoma, Number("Marked in the ventricles", in_ml(apart_ml), why)
    also = f"blood; {in_ml(apart_ml)} more marked does not count" if apart_ml > 0 else "blood"
    return hematoma, Number("In the ventricles", in_ml(counted_ml), also)


def bat_in_words(bat: Bat) -> tuple[str, str]:
    """The score, and what it is made of (Morotti 2018)."""
    known = bat.onset_to_ct_hours is not None
    items = [f"blend sign {BAT_BLEND * bat.blend}", f"hypodensity {BAT_HYPODENSITY * bat.hypodensity}"]
    items.append(f"onset to CT {bat.onset_to_ct_hours:g} h {BAT_EARLY * bat.early}" if known else "time from onset to CT not known")
    risk = "high risk of growth" if bat.score >= BAT_HIGH_RISK else f"high risk from {BAT_HIGH_RISK}"
    return f"{bat.score} of 5", f"{'' if known else 'at least; '}{risk}: {', '.join(items)}"


def growth_rows(growth: Growth) -> list[tuple[str, str]]:
    """Growth as rows of a table of facts."""
    now_ml, now_ivh_ml = growth.prior_ml + growth.change_ml, growth.prior_ivh_ml + growth.ivh_change_ml
    percent = "" if growth.change_percent is None else f" ({growth.change_percent:+.0f} %)"
    rows = [
        ("Hematoma", f"{growth.prior_ml:.1f} mL earlier, {now_ml:.1f} mL now: {growth.change_ml:+.1f} mL{percent}"),
        ("In the ventricles", f"{growth.prior_ivh_ml:.1f} mL earlier, {now_ivh_ml:.1f} mL now"),
        ("Time between the scans", with_unit(growth.hours, "h", 1)),
        ("Grown by 30 % or more", _yes_no(growth.expanded_seed_30_percent)),
        ("Grown by 6 mL or more, or by 33 % or more", _yes_no(growth.expanded_6ml_or_33_percent)),
        ("New blood in the ventricles", _yes_no(growth.new_ivh)),
    ]
    if growth.transform is not None:
        rows.append(("Head position", f"rotated by {growth.rotation_deg:.1f}° between the scans; the pictures are aligned"))
    return rows


def growth_error(growth: Growth) -> str:
    """Whether the change is one at all, in a sentence; whether it reaches a limit is another question, which the triage answers."""
    errors = f"about {BETWEEN_READERS_ML:g} mL between two readers, {WITHIN_READER_ML:g} mL for one"
    return (
        f"The change is no more than readings of one scan differ by ({errors}): it may be none at all."
        if growth.within_error
        else f"The change is more than readings of one scan differ by ({errors}): it is real."
    )


def _card(marker: str, case: Case, pictures: Pictures) -> MarkerCard:
    by_network, by_measurement = marker_seen(marker, case.measurement, case.prediction)
    probability = network_says(marker, case.measurement, case.prediction)
    told = probability is not None
    expansion = EXPANSION_PERCENT[marker]
    return MarkerCard(
        MARKER_NAMES[marker],
        _verdict(by_network, by_measurement),
        told and by_network != by_measurement,
        bool(by_network) or by_measurement,
        100 * probability if told else None,
        100 * case.prediction.thresholds[marker] if told else None,
        case.measurement.evidence[marker].sentence,
        "No share of growing hematomas is published for this sign."
        if expansion is None
        else f"In published series the hematoma grew in {expansion:g} % of patients with this sign.",
        DEFINITIONS[marker],
        _embedded(pictures.markers.get(marker, ())),
    )


def _verdict(by_network: bool | None, by_measurement: bool) -> str:
    if by_network is None:
        return "found by measurement" if by_measurement else "not found by measurement"
    if by_network == by_measurement:
        return "seen by network and measurement" if by_network else "not seen"
    return f"network {'yes' if by_network else 'no'}, measurement {'yes' if by_measurement else 'no'}: they disagree"


def _middle_left_mm(case: Case, number: int, mask: np.ndarray) -> float:
    """How far to the patient's left the middle of a mask on a slice lies (LPS x)."""
    rows, columns = np.nonzero(mask)
    return float(case.grid.lps_mm(np.array([number, rows.mean(), columns.mean()]))[0]) if rows.size else 0.0


def _shape_numbers(case: Case) -> list[Number]:
    measured = case.measurement
    listed = [
        Number("Mean density", with_unit(measured.mean_hu, "HU", 0), "acute blood: 50 to 75 HU"),
        Number(
            "Margin shape", f"{measured.shape_scale} of 5", f"3 or more is irregular; slice {shown(measured.shape_scale_slice)}"
        ),
    ]
    if measured.island_count or measured.satellite_count:
        satellites = plural(measured.satellite_count, "satellite")
        listed.append(Number("Apart from it", plural(measured.island_count, "island"), f"{satellites} (under 10 mm)"))
    return listed


def _input_rows(case: Case) -> list[tuple[str, str]]:
    grid, scan = case.grid, case.scan
    extents = grid.extents_mm
    even = np.ptp(extents) < 0.01
    rows = [
        (
            "Slices",
            f"{grid.slice_count}, each standing for {extents[0]:.4g} mm"
            if even
            else f"{grid.slice_count}, each standing for {extents.min():.4g} to {extents.max():.4g} mm",
        ),
        ("Pixels", f"{grid.columns} x {grid.rows}, {grid.column_mm:.4g} x {grid.row_mm:.4g} mm (column x row)"),
    ]
    if scan:
        rows += [("Spacing from", scan.grid_source)] if scan.grid_source else []
        rows += [(name[:1].upper() + name[1:], value) for name, value in scan.details.items()]
    return rows


def _embedded(drawn: tuple[Shown, ...]) -> tuple[tuple[str, str], ...]:
    return tuple((picture_uri(one.file), one.caption) for one in drawn)


def _yes_no(value: bool) -> str:
    return "yes" if value else "no"

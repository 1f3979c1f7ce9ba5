"""The report: what to do and why first, then numbers, pictures, each marker with its grounds, tables and where it all came from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from LesionReadingLib.geometry.spacing import source_in_words
from LesionReadingLib.language import N_, _
from LesionReadingLib.presenting.consequences import Consequences
from LesionReadingLib.presenting.report import caution, environment, model_rows, picture_uri, with_unit
from LesionReadingLib.presenting.scroll import Scroll
from LesionReadingLib.presenting.study import HOW_CODED, Study
from LesionReadingLib.text.counting import shown, shown_stretch

from ..colors import COLORS, DECISION_COLORS
from ..growth.expansion import BETWEEN_READERS_ML, WITHIN_READER_ML, Growth
from ..labels import BLEND, FLUID_LEVEL, HYPODENSITY, IRREGULAR_MARGIN, MARKER_NAMES, MARKERS
from ..measurement.markers.network_result import marker_seen, network_probability, probability_range
from ..triage.rules import Rules
from .first_screen import first_screen
from .headline import finding, numbers
from .slice_view import heights_mm

if TYPE_CHECKING:
    from .case import Case, Picture, Pictures

TEMPLATES = Path(__file__).parent / "templates"
EXPANSION_PERCENT = {HYPODENSITY: 20.2, IRREGULAR_MARGIN: 14.0, BLEND: 35.0, FLUID_LEVEL: None}
"""Share of patients whose hematoma grew, by marker, as given after Boulouis et al. (markers on non-contrast CT, Stroke 2017)."""

DEFINITIONS = {
    HYPODENSITY: N_(
        "A darker part enclosed in the hematoma. Black hole: sharp border, more than 28 HU darker, no contact with brain. Swirl: "
        "darker or irregular inside. (Boulouis 2016)"
    ),
    IRREGULAR_MARGIN: N_("An edge with several bumps or lobes: grade 3 or more on the five-point shape scale. (Barras 2009)"),
    BLEND: N_(
        "A darker part beside a brighter one, with a sharp border between them and 18 HU or more apart; the darker part is not "
        "enclosed. (Li 2015)"
    ),
    FLUID_LEVEL: N_(
        "A horizontal border between darker blood above and brighter blood below, as blood settles. Rare: about 2 of 100 patients."
    ),
}


@dataclass(frozen=True)
class MarkerCard:
    """What the report says of a marker.

    Attributes:
        name, verdict: and whether network and measurement ``disagree``.
        judged: whether the hematoma is large enough to show it. seen: by either of them.
        percent, threshold_percent: of the network; None where it says nothing. range_percent: (low, high), likewise.
        evidence: the measurement's sentence. expansion: how often such hematomas grew. definition: what the marker is.
        pictures: (data URI, caption).
    """

    name: str
    verdict: str
    disagree: bool
    judged: bool
    seen: bool
    percent: float | None
    threshold_percent: float | None
    range_percent: tuple[float, float] | None
    evidence: str
    expansion: str
    definition: str
    pictures: tuple[tuple[str, str], ...]


def write_report(
    path: Path,
    case: Case,
    pictures: Pictures,
    *,
    rules: Rules,
    study: Study,
    consequences: Consequences,
    scroll: Scroll | None = None,
) -> None:
    """Write the report as one HTML file that needs nothing else.

    Args:
        rules: of the decision. study: which study it is. consequences: what to do after each decision.
        scroll: the slices to scroll through; None for a page that does not move.
    """
    heights = heights_mm(case.grid)
    scan, growth, triage = case.scan, case.findings.growth, case.findings.triage
    model = case.network.model if case.network else None
    page = (
        environment(TEMPLATES)
        .get_template("report.html")
        .render(
            triage=triage,
            decision_color=DECISION_COLORS[triage.decision],
            screen=first_screen(case.findings, rules, consequences),
            stretch=lambda check: shown_stretch("slice", check.first, check.last).capitalize(),
            study=study,
            how_coded=_(HOW_CODED),
            scroll=scroll,
            finding=finding(case),
            numbers=numbers(case),
            key=_embedded(pictures.key),
            growth_pictures=_embedded(pictures.growth),
            growth_rows=growth_rows(growth) if growth else [],
            growth_error=growth_error(growth) if growth else "",
            growth_notes=growth.notes if growth else (),
            has_prior=case.prior is not None,
            cards=[_card(marker, case, pictures) for marker in MARKERS] if case.measurement.has_hematoma else [],
            network=case.network is not None,
            sure=case.network is not None and case.network.sureness is not None,
            caution=caution(model),
            scan=scan,
            slices=[(row, heights[row.slice]) for row in case.measurement.slices if row.area_mm2 or row.ivh_area_mm2],
            slice_count=case.grid.slice_count,
            input_rows=_input_rows(case),
            notes=scan.notes if scan else (),
            warnings=scan.warnings if scan else (),
            model_rows=model_rows(model) if model else [],
            colors=COLORS,
            definitions={_(MARKER_NAMES[marker]): _(text) for marker, text in DEFINITIONS.items()},
            number=shown,
        )
    )
    path.write_text(page, encoding="utf-8")


def growth_rows(growth: Growth) -> list[tuple[str, str]]:
    """Growth as rows of a table of facts."""
    now_ml, now_ivh_ml = growth.prior_ml + growth.change_ml, growth.prior_ivh_ml + growth.ivh_change_ml
    change = _("{change:+.1f} mL").format(change=growth.change_ml)
    if growth.change_percent is not None:
        change = _("{amount} ({percent:+.0f} %)").format(amount=change, percent=growth.change_percent)
    rows = [
        (
            _("Hematoma"),
            _("{prior:.1f} mL earlier, {now:.1f} mL now: {change}").format(prior=growth.prior_ml, now=now_ml, change=change),
        ),
        (
            _("In the ventricles"),
            _("{prior:.1f} mL earlier, {now:.1f} mL now").format(prior=growth.prior_ivh_ml, now=now_ivh_ml),
        ),
        (_("Time between the scans"), with_unit(growth.hours, "h", 1)),
        (_("Grown by 30 % or more"), _yes_no(growth.expanded_seed_30_percent)),
        (_("Grown by 6 mL or more, or by 33 % or more"), _yes_no(growth.expanded_6ml_or_33_percent)),
        (_("New blood in the ventricles"), _yes_no(growth.new_ivh)),
    ]
    if growth.transform is not None:
        turned = _("rotated by {angle:.1f}° between the scans; the pictures are aligned").format(angle=growth.rotation_deg)
        rows.append((_("Head position"), turned))
    return rows


def growth_error(growth: Growth) -> str:
    """Whether the change is one at all, in a sentence; whether it reaches a limit is another question, which the triage answers."""
    sentence = (
        _(
            "The change is no more than readings of one scan differ by (about {two:g} mL between two readers, {one:g} mL for one): "
            "it may be none at all."
        )
        if growth.within_error
        else _(
            "The change is more than readings of one scan differ by (about {two:g} mL between two readers, {one:g} mL for one): it "
            "is real."
        )
    )
    return sentence.format(two=BETWEEN_READERS_ML, one=WITHIN_READER_ML)


def _card(marker: str, case: Case, pictures: Pictures) -> MarkerCard:
    by_network, by_measurement = marker_seen(marker, case.measurement, case.network)
    probability = network_probability(marker, case.measurement, case.network)
    is_known = probability is not None
    ends = probability_range(marker, case.measurement, case.network)
    expansion = EXPANSION_PERCENT[marker]
    return MarkerCard(
        _(MARKER_NAMES[marker]),
        _verdict(by_network, by_measurement) if case.measurement.shows_signs else _("not judged"),
        is_known and by_network != by_measurement,
        case.measurement.shows_signs,
        bool(by_network) or by_measurement,
        100 * probability if is_known else None,
        100 * case.network.thresholds[marker] if is_known else None,
        ends and (100 * ends[0], 100 * ends[1]),
        case.measurement.evidence[marker].sentence,
        _("No share of growing hematomas is published for this sign.")
        if expansion is None
        else _("In published series the hematoma grew in {percent:g} % of patients with this sign.").format(percent=expansion),
        _(DEFINITIONS[marker]),
        _embedded(pictures.markers.get(marker, ())),
    )


def _verdict(by_network: bool | None, by_measurement: bool) -> str:
    if by_network is None:
        return _("found by measurement") if by_measurement else _("not found by measurement")
    if by_network == by_measurement:
        return _("seen by network and measurement") if by_network else _("not seen")
    if by_network:
        return _("network yes, measurement no: they disagree")
    return _("network no, measurement yes: they disagree")


def _input_rows(case: Case) -> list[tuple[str, str]]:
    grid, scan = case.grid, case.scan
    extents = grid.extents_mm
    even = np.ptp(extents) < 0.01
    rows = [
        (
            _("Slices"),
            _("{count}, each standing for {extent:.4g} mm").format(count=grid.slice_count, extent=extents[0])
            if even
            else _("{count}, each standing for {least:.4g} to {most:.4g} mm").format(
                count=grid.slice_count, least=extents.min(), most=extents.max()
            ),
        ),
        (
            _("Pixels"),
            _("{columns} x {rows}, {column:.4g} x {row:.4g} mm (column x row)").format(
                columns=grid.columns, rows=grid.rows, column=grid.column_mm, row=grid.row_mm
            ),
        ),
    ]
    if scan:
        rows += [(_("Spacing from"), source_in_words(source))] if (source := scan.grid.spacing.in_plane_source) else []
        rows += [
            (title[:1].upper() + title[1:], value) for title, value in ((_(name), value) for name, value in scan.details.items())
        ]
    return rows


def _embedded(drawn: tuple[Picture, ...]) -> tuple[tuple[str, str], ...]:
    return tuple((picture_uri(one.file), one.caption) for one in drawn)


def _yes_no(value: bool) -> str:
    return _("yes") if value else _("no")

"""The four markers, one row each: a button with the network's probability as a bar, and what was measured."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import TYPE_CHECKING

import qt
from HematomaMarkersLib.labels import BLEND, FLUID_LEVEL, HYPODENSITY, IRREGULAR_MARGIN, MARKER_NAMES, MARKERS
from LesionReadingLib.language import _ as translatedByLib
from slicer.i18n import tr as _

if TYPE_CHECKING:
    from HematomaMarkersLib.triage.findings import Findings

WIDGET_NAMES = {HYPODENSITY: "hypodensity", IRREGULAR_MARGIN: "irregularMargin", BLEND: "blend", FLUID_LEVEL: "fluidLevel"}
"""How the widgets of a marker begin in the .ui: ``blendButton``, ``blendLabel``, ``blendReading``."""

NOT_READ, ABSENT, PRESENT = range(3)
"""Entries of the combo box for the reader's own judgement."""

_BAR = (120, 18)
_SHARPNESS = 2.0  # pixels of the bar for one of the screen, for screens of high resolution
_EMPTY, _BELOW, _FOUND, _TICK = "#C9CFD8", "#6F86A6", "#D55E00", "#111111"


class MarkerRows:
    """Shows the markers, and tells which of them was clicked."""

    def __init__(self, ui, onChosen: Callable[[str], None]) -> None:
        self._buttons = {marker: getattr(ui, f"{name}Button") for marker, name in WIDGET_NAMES.items()}
        self._labels = {marker: getattr(ui, f"{name}Label") for marker, name in WIDGET_NAMES.items()}
        self._onChosen = onChosen
        self.chosen: str | None = None
        for marker, button in self._buttons.items():
            button.connect("clicked(bool)", lambda _checked=False, marker=marker: self._choose(marker))

    def show(self, findings: Findings) -> None:
        """Show probabilities, thresholds and evidence."""
        from HematomaMarkersLib.measurement.markers.network_result import network_probability, probability_range

        for marker in MARKERS:
            probability = network_probability(marker, findings.measurement, findings.network)
            ends = probability_range(marker, findings.measurement, findings.network)
            button = self._buttons[marker]
            bar = _emptyBar() if probability is None else drawBar(probability, findings.network.thresholds[marker], ends)
            button.setIcon(qt.QIcon(bar))
            button.text = markerText(marker, probability, ends)
            self._labels[marker].text = markerGrounds(marker, findings)

    def mark(self, marker: str | None) -> None:
        """Keep the button of the shown marker pressed, and no other."""
        self.chosen = marker
        for other, button in self._buttons.items():
            button.checked = other == marker

    def _choose(self, marker: str) -> None:
        self.mark(marker)
        self._onChosen(marker)


def markerText(marker: str, probability: float | None, ends: tuple[float, float] | None = None) -> str:
    """Name, probability and between which the network's own scores leave it, as on the button."""
    name = translatedByLib(MARKER_NAMES[marker])
    if probability is None:
        return name
    if ends is None:
        return _("{name}  {percent:.0f} %").format(name=name, percent=100 * probability)
    label = _("{name}  {percent:.0f} % ({low:.0f} to {high:.0f})")
    return label.format(name=name, percent=100 * probability, low=100 * ends[0], high=100 * ends[1])


def markerGrounds(marker: str, findings: Findings) -> str:
    """Whether a marker is seen, and what was measured for it; that it was not judged on a hematoma too small for it."""
    evidence = escape(findings.measurement.evidence[marker].sentence)
    if findings.measurement.too_small_for_signs:
        return evidence
    return f"<b>{escape(verdict(marker, findings))}</b> {evidence}"


def verdict(marker: str, findings: Findings) -> str:
    """Whether network and measurement see a marker, in a few words."""
    from HematomaMarkersLib.measurement.markers.network_result import marker_seen

    byNetwork, byMeasurement = marker_seen(marker, findings.measurement, findings.network)
    if byNetwork is None:
        return _("Measured.") if byMeasurement else _("Not measured.")
    if byNetwork == byMeasurement:
        return _("Seen by network and measurement.") if byNetwork else _("Not seen.")
    return _("Network only; not measured.") if byNetwork else _("Measured only; not by the network.")


def drawBar(probability: float, threshold: float, ends: tuple[float, float] | None = None):
    """A bar as long as the probability, with the threshold as a tick, and a line over its range (qt.QPixmap)."""
    width, height = _BAR
    pixmap = _emptyBar()
    painter = qt.QPainter()
    painter.begin(pixmap)
    found = probability >= threshold
    painter.fillRect(0, 0, round(probability * width), height, qt.QColor(_FOUND if found else _BELOW))
    if ends is not None:
        left, right = (round(end * width) for end in ends)
        painter.fillRect(left, height // 2 - 2, max(right - left, 1), 4, qt.QColor("#FFFFFF"))
        painter.fillRect(left, height // 2 - 1, max(right - left, 1), 2, qt.QColor(_TICK))
    tick = min(max(round(threshold * width) - 1, 0), width - 2)
    painter.fillRect(tick - 1, 0, 4, height, qt.QColor("#FFFFFF"))
    painter.fillRect(tick, 0, 2, height, qt.QColor(_TICK))
    painter.end()
    return pixmap


def _emptyBar():
    """A grey bar (qt.QPixmap): no probability is known."""
    width, height = _BAR
    pixmap = qt.QPixmap(int(width * _SHARPNESS), int(height * _SHARPNESS))
    pixmap.setDevicePixelRatio(_SHARPNESS)
    pixmap.fill(qt.QColor(_EMPTY))
    return pixmap


def readingOf(ui) -> dict[str, bool | None]:
    """The reader's own judgement of the markers, as the combo boxes say it; None for one that was not read."""
    judgements = {NOT_READ: None, ABSENT: False, PRESENT: True}
    return {marker: judgements[getattr(ui, f"{name}Reading").currentIndex] for marker, name in WIDGET_NAMES.items()}


def showReading(ui, reading: dict[str, bool | None]) -> None:
    """Show a reader's judgement in the combo boxes; a marker that is left out was not read."""
    entries = {None: NOT_READ, False: ABSENT, True: PRESENT}
    for marker, name in WIDGET_NAMES.items():
        getattr(ui, f"{name}Reading").currentIndex = entries[reading.get(marker)]

"""The table of slices: area, the network's probabilities, reviewed or not; a click shows the slice, the view's slice is marked."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import TYPE_CHECKING

import qt
from HematomaMarkersLib.labels import BLEND, FLUID_LEVEL, HYPODENSITY, IRREGULAR_MARGIN, MARKER_NAMES, MARKERS
from LesionReadingLib.language import _ as translatedByLib
from LesionReadingLib.text.counting import shown
from slicer.i18n import tr as _

if TYPE_CHECKING:
    from HematomaMarkersLib.triage.findings import Findings

_REVIEWED_COLUMN = 2 + len(MARKERS)


class SliceTable:
    """One row per slice of the CT, in its order."""

    def __init__(self, table, onChosen: Callable[[int], None]) -> None:
        """Take over a QTableWidget; ``onChosen(slice)`` is called on a click and when the arrow keys move."""
        self._table, self._onChosen = table, onChosen
        short = {HYPODENSITY: _("Hypo"), IRREGULAR_MARGIN: _("Irreg"), BLEND: _("Blend"), FLUID_LEVEL: _("Level")}
        titles = [_("Slice"), _("mm²"), *(short[marker] for marker in MARKERS), "✓"]
        tips = [
            _("Number of the slice, from 1"),
            _("Area of the hematoma"),
            *(translatedByLib(MARKER_NAMES[marker]) for marker in MARKERS),
            _("Reviewed"),
        ]
        table.setColumnCount(len(titles))
        for column, (title, tip) in enumerate(zip(titles, tips, strict=True)):
            header = qt.QTableWidgetItem(title)
            header.setToolTip(tip)
            table.setHorizontalHeaderItem(column, header)
        table.horizontalHeader().setMinimumSectionSize(24)
        table.horizontalHeader().setSectionResizeMode(qt.QHeaderView.Stretch)
        table.verticalHeader().setVisible(False)
        table.verticalHeader().setDefaultSectionSize(22)
        table.connect("currentCellChanged(int,int,int,int)", self._onCell)
        table.connect("cellClicked(int,int)", self._onCell)

    def fill(self, findings: Findings, reviewed: Collection[int]) -> None:
        """Show all slices anew."""
        was = self._table.blockSignals(True)
        self._table.setRowCount(len(findings.measurement.slices))
        self.update(findings, reviewed, range(len(findings.measurement.slices)))
        self._table.blockSignals(was)

    def clear(self) -> None:
        """Show no slices."""
        was = self._table.blockSignals(True)
        self._table.setRowCount(0)
        self._table.blockSignals(was)

    def update(self, findings: Findings, reviewed: Collection[int], slices: Iterable[int]) -> None:
        """Show some slices anew."""
        from HematomaMarkersLib.measurement.markers.network_result import slice_probabilities

        network = findings.network
        for number in slices:
            area_mm2 = findings.measurement.slices[number].area_mm2
            self._set(number, 0, str(shown(number)), bold=area_mm2 > 0)
            self._set(number, 1, f"{area_mm2:.0f}" if area_mm2 else "")
            told = slice_probabilities(number, findings.measurement, network)
            for column, (marker, probability) in enumerate(told.items(), 2):
                known = probability is not None
                found = known and probability >= network.thresholds[marker]
                self._set(number, column, f"{100 * probability:.0f}" if known else "", bold=found)
            self.markReviewed(number, number in reviewed)

    def markReviewed(self, number: int, isReviewed: bool) -> None:
        """Show whether a slice was reviewed."""
        self._set(number, _REVIEWED_COLUMN, "✓" if isReviewed else "")

    def follow(self, number: int) -> None:
        """Mark the slice that the view shows, without calling back."""
        if not 0 <= number < self._table.rowCount:
            return
        was = self._table.blockSignals(True)
        self._table.setCurrentCell(number, 0)
        self._table.blockSignals(was)

    def _set(self, row: int, column: int, text: str, bold: bool = False) -> None:
        item = qt.QTableWidgetItem(text)
        item.setTextAlignment(qt.Qt.AlignCenter)
        if bold:
            font = item.font()
            font.setBold(True)
            item.setFont(font)
        self._table.setItem(row, column, item)

    def _onCell(self, row: int, *_others) -> None:
        if row >= 0:
            self._onChosen(row)

"""The table of frames: a row goes to its frame, and the row of the frame on view is selected."""

from collections.abc import Callable, Iterator

import qt
from LesionReadingLib.text.counting import shown
from slicer.i18n import tr as _

REVIEWED_COLUMN = 6
_TICK = "✓"
_NUMBERS = (
    lambda frame: str(shown(frame.frame)),
    lambda frame: _number(frame.position_mm, 1),
    lambda frame: f"{frame.arc_bridged_deg:.0f}" if frame.deposits else "",
    lambda frame: _number(frame.max_thickness_mm, 2),
    lambda frame: _number(frame.area_mm2, 2) if frame.deposits else "",
    lambda frame: _number(frame.lumen_area_mm2, 2),
)
_AT_ONCE = 60  # rows that are filled before the window draws again
_TICK_WIDTH, _ROW_HEIGHT = 26, 22  # pixels
_ARC_COLUMN, _LUMEN_COLUMN = 2, 5


class FrameTable:
    """Fills a QTableWidget with a row per frame."""

    def __init__(self, table, onFrameChosen: Callable[[int], None]) -> None:
        """onFrameChosen(frame): called when the user goes to a row, with mouse or keyboard."""
        self._table, self._onFrameChosen = table, onFrameChosen
        self._alignment = qt.Qt.AlignRight | qt.Qt.AlignVCenter
        headers = (
            (_("Frame"), _("Number of the frame, from 1")),
            (_("Place\nmm"), _("Distance from the first frame in mm")),
            (_("Arc\n°"), _("Bridged arc of calcium in degrees; 180 or more stands out")),
            (_("Thick\nmm"), _("Largest thickness of calcium in mm")),
            (_("Area\nmm²"), _("Area of calcium in mm²")),
            (_("Lumen\nmm²"), _("Area of the lumen in mm²")),
            (_TICK, _("Reviewed")),
        )
        table.setColumnCount(len(headers))
        for column, (text, tip) in enumerate(headers):
            item = qt.QTableWidgetItem(text)
            item.setToolTip(tip)
            table.setHorizontalHeaderItem(column, item)
        table.verticalHeader().setVisible(False)
        table.verticalHeader().setDefaultSectionSize(_ROW_HEIGHT)
        header = table.horizontalHeader()
        header.setMinimumSectionSize(_TICK_WIDTH)
        header.setSectionResizeMode(qt.QHeaderView.Stretch)
        header.setSectionResizeMode(_LUMEN_COLUMN, qt.QHeaderView.ResizeToContents)  # the longest title, cut in a narrow panel
        header.setSectionResizeMode(REVIEWED_COLUMN, qt.QHeaderView.Fixed)
        header.resizeSection(REVIEWED_COLUMN, _TICK_WIDTH)
        table.connect("currentCellChanged(int,int,int,int)", self._onCurrentCell)

    def clear(self) -> None:
        """Show no frames."""
        self._ticked: set[int] = set()
        self._table.setRowCount(0)
        self._table.visible = False

    def begin(self, count: int) -> Iterator[range]:
        """Show so many frames; gives them part by part, to call ``showFrames`` with each and let the window draw in between."""
        self._table.setRowCount(count)
        for first in range(0, count, _AT_ONCE):
            yield range(first, min(first + _AT_ONCE, count))
        self._table.visible = True

    def showFrames(self, measurement, frames) -> None:
        """Show anew the numbers of some frames (from 0)."""
        limit = measurement.parameters.continuous_arc_deg
        for number in frames:
            frame = measurement.frames[number]
            for column, text in enumerate(_NUMBERS):
                self._cell(number, column).setText(text(frame))
            self._cell(number, REVIEWED_COLUMN)  # there to be ticked
            _stress(self._cell(number, _ARC_COLUMN), frame.arc_bridged_deg >= limit)

    def showReviewed(self, reviewed: set[int]) -> None:
        """Tick the frames that are reviewed."""
        for row in (self._ticked ^ reviewed) & set(range(self._rows())):
            self._cell(row, REVIEWED_COLUMN).setText(_TICK if row in reviewed else "")
        self._ticked = set(reviewed)

    def select(self, frame: int) -> None:
        """Select the row of a frame without telling anybody."""
        if not 0 <= frame < self._rows():
            return
        wasBlocked = self._table.blockSignals(True)
        self._table.selectRow(frame)
        self._table.scrollToItem(self._cell(frame, 0))
        self._table.blockSignals(wasBlocked)

    def _rows(self) -> int:
        return self._table.model().rowCount()

    def _cell(self, row: int, column: int):
        item = self._table.item(row, column)
        if item is None:
            item = qt.QTableWidgetItem()
            item.setTextAlignment(self._alignment)
            self._table.setItem(row, column, item)
        return item

    def _onCurrentCell(self, row: int, column: int, previousRow: int, previousColumn: int) -> None:
        if row >= 0 and row != previousRow:
            self._onFrameChosen(row)


def _stress(item, over: bool) -> None:
    """Make a cell stand out, or not."""
    from OCTCalciumLib.colors import COLORS

    font = item.font()
    if font.bold() == over:
        return
    font.setBold(over)
    item.setFont(font)
    item.setForeground(qt.QBrush(qt.QColor(COLORS["calcium_over_180"])) if over else qt.QBrush())


def _number(value: float | None, decimals: int) -> str:
    return "" if value is None else f"{value:.{decimals}f}"

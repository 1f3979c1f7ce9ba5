"""Who holds a study of a worklist and how far it is, as the user is told and asked."""

from __future__ import annotations

from collections.abc import Sequence

import qt
import slicer.util
from LesionReadingLib.studies import worklist as wl
from LesionReadingLib.studies.reader_lock import Lock, Taken, take, take_over
from slicer.i18n import tr as _


def lockedFor(item: wl.Item, reader: str) -> Lock | None:
    """The lock of a study; None where the user does not want to take over what a crash has left.

    Raises:
        Taken: another reader edits it. InputError: its disk is not there, or cannot be written.
    """
    wl.make_folder(item)
    try:
        return take(item.folder, reader)
    except Taken as taken:
        if not taken.may_be_taken_over:
            raise
        if not slicer.util.confirmYesNoDisplay(str(taken) + " " + _("Take it over?")):
            return None
        return take_over(item.folder, reader)


def heldOn(lock: Lock, item: wl.Item, reader: str) -> tuple[Lock, str]:
    """The lock of a study of which an edit was kept just now, taken anew where somebody has deleted it; and what to tell.

    Raises:
        InputError: the disk cannot be written.
    """
    kept, taken_over = _("Kept beside the data."), _("Another reader has taken this study over; your edit was kept beside theirs.")
    if lock.is_ours():
        return lock, kept
    try:
        return take(item.folder, reader), kept
    except Taken:
        return lock, taken_over


def missingDisk(items: Sequence[wl.Item]) -> str:
    """A sentence where the disk of a worklist is not there, or another one in its place; else empty."""
    gone = bool(items) and not wl.is_there(items[0])
    return _("The disk of the worklist is not there; connect it, then go on.") if gone else ""


def noneWaits() -> str:
    """What is told where there is no next study."""
    return _("No other study waits for you: all are reviewed, edited by others, or not analysed yet.")


def prepareTable(table) -> None:
    """Give a table (QTableWidget) the columns of a worklist."""
    table.setColumnCount(2)
    table.setHorizontalHeaderLabels([_("Study"), _("State")])
    table.horizontalHeader().setStretchLastSection(True)
    table.verticalHeader().setVisible(False)


def stateCell(state: wl.State, isOpen: bool) -> qt.QTableWidgetItem:
    """The state of a study as the table shows it, with why it failed as a tool tip."""
    cell = qt.QTableWidgetItem(_("on view") if isOpen else stateText(state))
    cell.setToolTip(state.message)
    return cell


def stateText(state: wl.State) -> str:
    """How far a study is, in a few words."""
    if state.status == wl.EDITED_BY:
        left = _("left by {reader} after a crash") if state.stale else _("edited by {reader}")
        return left.format(reader=state.reader)
    if state.status == wl.REVIEWED:
        return _("reviewed {done} of {count}").format(done=state.reviewed, count=state.count)
    texts = {
        wl.WAITING: _("waiting"),
        wl.ANALYSED: _("analysed"),
        wl.EXPORTED: _("exported"),
        wl.FAILED_STATE: _("failed: {message}").format(message=state.message),
    }
    return texts[state.status]

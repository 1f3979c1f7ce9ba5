"""Who holds a study of a worklist and how far it is, as the user is told and asked."""

from __future__ import annotations

import slicer.util
from LesionReadingLib.errors import InputError
from LesionReadingLib.studies import worklist as wl
from LesionReadingLib.studies.reader_lock import Lock, Taken, take, take_over
from slicer.i18n import tr as _


def lockedFor(item: wl.Item, reader: str) -> Lock | None:
    """The lock of a study; None where the user does not want to take over what a crash has left.

    Raises:
        Taken: another reader edits it. InputError: its folder cannot be written.
    """
    try:
        item.folder.mkdir(parents=True, exist_ok=True)
        return take(item.folder, reader)
    except Taken as taken:
        if not taken.may_be_taken_over:
            raise
        if not slicer.util.confirmYesNoDisplay(str(taken) + " " + _("Take it over?")):
            return None
        return take_over(item.folder, reader)
    except OSError as error:
        raise InputError(_("The folder of the study cannot be written; check that the disk is there.")) from error


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

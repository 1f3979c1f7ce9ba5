"""Exceptions that Qt and VTK swallow: those raised in a slot or in an observer's callback."""

import sys
import traceback


class Errors:
    """Collects them, so that a test does not pass over one.

    Attributes:
        raised: (exception, its traceback as text), in order.
    """

    def __init__(self, dialogs):
        self.raised = []
        self._dialogs = dialogs
        self._previous = sys.excepthook
        sys.excepthook = self._on_exception

    def forget(self):
        """Start anew; returns the exceptions that no answered dialog had told the user."""
        untold = [text for error, text in self.raised if not self._was_told(error)]
        self.raised.clear()
        return untold

    def _was_told(self, error):
        return bool(str(error)) and any(str(error) in shown.text for shown in self._dialogs.shown)

    def _on_exception(self, kind, error, trace):
        self.raised.append((error, "".join(traceback.format_exception(kind, error, trace))))
        self._previous(kind, error, trace)

"""Observers of VTK objects that a widget has, and that end with it."""


class Observations:
    """Observers of VTK objects; they end when the widget is destroyed, as Slicer's qvtkConnect sees to."""

    def __init__(self, widget):
        self._tags = []
        widget.destroyed.connect(self.stop)

    def add(self, observed, event, callback):
        """Call ``callback(caller, event)`` at every such event of ``observed``."""
        self._tags.append((observed, observed.AddObserver(event, callback)))

    def stop(self, *_):
        """End them all."""
        for observed, tag in self._tags:
            observed.RemoveObserver(tag)
        self._tags = []

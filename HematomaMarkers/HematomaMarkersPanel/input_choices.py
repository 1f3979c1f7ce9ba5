"""What the user adds to a CT: window, location of the hematoma, hours from onset to scan."""

from __future__ import annotations

from collections.abc import Callable

from HematomaMarkersLib.labels import LOCATIONS
from HematomaMarkersLib.windows import windows
from LesionReadingLib.language import _ as translatedByLib
from slicer.i18n import tr as _

from .ct_nodes import changesOf, doubtsOf, locationOf, onsetOf, setLocation, setOnset


class InputChoices:
    """Drives windowComboBox with its two spin boxes, locationComboBox and onsetSpinBox."""

    def __init__(self, ui, onChanged: Callable[[], None]) -> None:
        """onChanged(): the user has chosen another location or onset of the CT that is shown."""
        self._ui, self._onChanged = ui, onChanged
        self._volume = None
        ui.windowComboBox.addItems([*(_windowTitle(name) for name in windows()), _("own")])
        ui.locationComboBox.addItems([_("not known"), *(translatedByLib(location) for location in LOCATIONS)])
        ui.windowComboBox.connect("activated(int)", self._onWindowChosen)
        ui.windowLowSpinBox.connect("valueChanged(double)", self._nameWindow)
        ui.windowHighSpinBox.connect("valueChanged(double)", self._nameWindow)
        ui.locationComboBox.connect("currentIndexChanged(int)", self._onLocation)
        ui.onsetSpinBox.connect("valueChanged(double)", self._onOnset)
        self._nameWindow()
        self.show(None)

    @property
    def window(self) -> tuple[float, float]:
        """Lower and upper end in HU."""
        return self._ui.windowLowSpinBox.value, self._ui.windowHighSpinBox.value

    def show(self, volume) -> None:
        """Show what the user has told of a CT, or nothing."""
        self._volume = None  # so that filling the widgets is not taken for typing
        location, hours = (locationOf(volume), onsetOf(volume)) if volume is not None else (None, None)
        self._ui.locationComboBox.currentIndex = LOCATIONS.index(location) + 1 if location in LOCATIONS else 0
        self._ui.onsetSpinBox.value = self._ui.onsetSpinBox.minimum if hours is None else hours
        for widget in (self._ui.locationComboBox, self._ui.onsetSpinBox):
            widget.enabled = volume is not None
        self._volume = volume

    def facts(self) -> str:
        """What was changed when the CT was loaded, and what speaks against reading it; empty where there is neither."""
        if self._volume is None:
            return ""
        return "\n".join(text for text in (changesOf(self._volume), doubtsOf(self._volume)) if text)

    def _onWindowChosen(self, index: int) -> None:
        ends = list(windows().values())
        if index < len(ends):
            self._ui.windowLowSpinBox.value, self._ui.windowHighSpinBox.value = ends[index]

    def _nameWindow(self, _value: float = 0.0) -> None:
        """Show the name of the window that was typed, keeping the one shown where it fits."""
        ends, box = list(windows().values()), self._ui.windowComboBox
        if box.currentIndex < len(ends) and ends[box.currentIndex] == self.window:
            return
        box.currentIndex = ends.index(self.window) if self.window in ends else len(ends)

    def _onLocation(self, index: int) -> None:
        if self._volume is not None:
            setLocation(self._volume, LOCATIONS[index - 1] if index > 0 else None)
            self._onChanged()

    def _onOnset(self, hours: float) -> None:
        if self._volume is not None:
            setOnset(self._volume, hours if hours >= 0 else None)
            self._onChanged()


def _windowTitle(name: str) -> str:
    low, high = windows()[name]
    return _("{name} ({low:g} to {high:g} HU)").format(name=translatedByLib(name), low=low, high=high)

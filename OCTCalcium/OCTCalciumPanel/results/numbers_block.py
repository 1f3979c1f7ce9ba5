"""The numbers and the finding on top of the results."""

from html import escape

from LesionReadingLib.text.counting import shown
from slicer.i18n import tr as _

NOTHING = "–"


class NumbersBlock:
    """Fills the labels of finding, cautions, volume, arc, length, score and what is missing, and enables the three jump buttons."""

    def __init__(self, ui, onFrameChosen) -> None:
        """onFrameChosen(frame): called when the user wants to see a frame (from 0)."""
        self._ui, self._measurement = ui, None
        for button, place in ((ui.maxArcButton, _widest), (ui.maxThicknessButton, _thickest), (ui.minLumenButton, _narrowest)):
            button.connect("clicked(bool)", lambda checked=False, place=place: onFrameChosen(place(self._measurement)))
        for label in (ui.volumeLabel, ui.arcLabel, ui.lengthLabel, ui.scoreLabel):
            _enlarge(label)
        _embolden(ui.findingLabel)
        self._arcTip, self._scoreTip = ui.arcLabel.toolTip, ui.scoreLabel.toolTip
        self.clear(_("No result yet."))

    def clear(self, sentence: str) -> None:
        """Show no numbers, and a sentence that says why."""
        self._measurement = None
        ui = self._ui
        ui.findingLabel.text = sentence
        for label in (ui.volumeLabel, ui.arcLabel, ui.lengthLabel, ui.scoreLabel):
            label.text = NOTHING
        ui.missingLabel.visible = ui.cautionsButton.visible = False
        for button in (ui.maxArcButton, ui.maxThicknessButton, ui.minLumenButton):
            button.enabled = False

    def show(self, measurement, runCautions, doubt: str = "") -> None:
        """Show a PullbackMeasurement, with the sentences that its run told a reader beforehand.

        Args:
            doubt: why no number should be relied on, in the place of the finding; empty where nothing speaks against them.
        """
        from LesionReadingLib.presenting.report import with_unit
        from OCTCalciumLib.presenting.cautions import measurement_cautions
        from OCTCalciumLib.presenting.headline import finding, largest_arc, score

        self._measurement = measurement
        ui, found = self._ui, (doubt,) if doubt else finding(measurement, by_network=True)
        ui.findingLabel.text = " ".join(found).strip()
        cautions = [*(caution.sentence for caution in measurement_cautions(measurement)), *runCautions]
        cautions = [sentence for sentence in cautions if sentence not in found]
        ui.cautionLabel.text = "\n".join(cautions)
        ui.cautionsButton.text = _("Cautions ({count})").format(count=len(cautions))
        ui.cautionsButton.visible = bool(cautions)
        ui.volumeLabel.text = with_unit(measurement.volume_mm3, "mm³", 1)
        _showNumber(ui.arcLabel, *largest_arc(measurement), self._arcTip)
        if measurement.held_arc.first_frame is not None:
            ui.arcLabel.text += " " + _("in frame {frame}").format(frame=shown(measurement.held_arc.first_frame))
        ui.lengthLabel.text = with_unit(measurement.held_over_180_length_mm, "mm", 1)
        _showNumber(ui.scoreLabel, *score(measurement), self._scoreTip)
        # Two fields may lack the same spacing; its sentence is said once.
        sentences = list(dict.fromkeys(measurement.missing.values()))
        ui.missingLabel.text = "\n".join(sentences)
        ui.missingLabel.visible = bool(sentences)
        ui.maxArcButton.enabled = _widest(measurement) is not None
        ui.maxThicknessButton.enabled = _thickest(measurement) is not None
        ui.minLumenButton.enabled = _narrowest(measurement) is not None


def _showNumber(label, value: str, where: str, meaning: str) -> None:
    """Show a value, and in its tool tip where it was found above what it means.

    Slicer makes HTML of every tool tip that is plain text, so ``meaning``, which was read from one, is HTML already.
    """
    label.text, label.toolTip = value, f"<p>{escape(where)}</p>{meaning}" if where else meaning


def _widest(measurement) -> int | None:
    return measurement.max_arc_frame


def _thickest(measurement) -> int | None:
    return measurement.max_thickness_frame


def _narrowest(measurement) -> int | None:
    return measurement.minimum_lumen_area[1] if measurement.minimum_lumen_area else None


def _enlarge(label) -> None:
    font = label.font
    if font.pointSizeF() > 0:  # a font that is told in pixels has none
        font.setPointSizeF(1.35 * font.pointSizeF())
    font.setBold(True)
    label.font = font


def _embolden(label) -> None:
    font = label.font
    font.setBold(True)
    label.font = font

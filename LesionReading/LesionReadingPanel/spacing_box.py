"""Shows what the input is, and asks for its spacing where it states none: never guessed, never 1 mm by default."""

from collections.abc import Callable

import slicer.util
from LesionReadingLib import scene
from LesionReadingLib.errors import InputError
from slicer.i18n import tr as _


class SpacingBox:
    """Fills inputFactsLabel; spacingBox with pixelSpacingSpinBox, sliceSpacingSpinBox and setSpacingButton appears where needed."""

    def __init__(self, ui, onSet: Callable[[], None]) -> None:
        """onSet(): called after the user has set the spacing of the volume shown."""
        self._ui, self._onSet = ui, onSet
        self._volume = None
        ui.setSpacingButton.connect("clicked(bool)", self._onSetClicked)
        for box in (ui.pixelSpacingSpinBox, ui.sliceSpacingSpinBox):
            box.connect("valueChanged(double)", self._onTyped)
        self.show(None)

    @property
    def ready(self) -> bool:
        """Whether the volume shown has voxels and states its spacing."""
        return self._ready

    def show(self, volume) -> None:
        """Show the facts of a volume node, or of none."""
        self._volume, self._ready = volume, False
        self._ui.spacingBox.visible = False
        if volume is None:
            self._ui.inputFactsLabel.text = ""
            return
        try:
            spacing = scene.volume_spacing(volume)
            self._ready = scene.has_spacing(volume)
        except InputError as error:
            self._ui.inputFactsLabel.text = str(error)
            return
        columns, rows, slices = volume.GetImageData().GetDimensions()
        size = _("{columns} x {rows} pixels, {slices} slices").format(columns=columns, rows=rows, slices=slices)
        self._ui.inputFactsLabel.text = size + "\n" + (_facts(spacing) if self._ready else _("Its spacing is not known."))
        if not self._ready:
            self._ask(spacing.row_mm or 0.0, spacing.frame_mm or 0.0)

    def _ask(self, pixel_mm: float, slice_mm: float) -> None:
        # 0 stands for "not typed yet"; the button waits until both are lengths.
        self._ui.pixelSpacingSpinBox.value = pixel_mm
        self._ui.sliceSpacingSpinBox.value = slice_mm
        self._ui.spacingBox.visible = True
        self._onTyped()

    def _onTyped(self, value: float = 0.0) -> None:
        self._ui.setSpacingButton.enabled = self._ui.pixelSpacingSpinBox.value > 0 and self._ui.sliceSpacingSpinBox.value > 0

    def _onSetClicked(self, checked: bool = False) -> None:
        with slicer.util.tryWithErrorDisplay(_("The spacing could not be set.")):
            scene.set_typed_spacing(self._volume, self._ui.pixelSpacingSpinBox.value, self._ui.sliceSpacingSpinBox.value)
            self.show(self._volume)
            self._onSet()


def _facts(spacing) -> str:
    """Distances in mm and where they came from."""
    row, column, frame = (f"{length:.4g}" for length in (spacing.row_mm, spacing.column_mm, spacing.frame_mm))
    pixels = row if row == column else f"{row} x {column}"
    return _("Pixels {pixels} mm, slices {frame} mm apart ({source})").format(
        pixels=pixels, frame=frame, source=spacing.in_plane_source
    )

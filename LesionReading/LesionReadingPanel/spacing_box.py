"""Shows what the input is, and asks for its spacing where it states none: never guessed, never 1 mm by default."""

from collections.abc import Callable
from dataclasses import dataclass

import slicer.util
from LesionReadingLib.errors import InputError
from LesionReadingLib.geometry.spacing import Spacing
from LesionReadingScene import scene
from slicer.i18n import tr as _


@dataclass(frozen=True)
class _Described:
    """What is told of a volume: a text, whether it can be analysed, its spacing in mm (None where there are no voxels), and the
    same in a line."""

    text: str
    ready: bool
    spacing: Spacing | None
    line: str = ""


class SpacingBox:
    """Fills inputFactsLabel; spacingBox with pixelSpacingSpinBox, sliceSpacingSpinBox and setSpacingButton appears where needed."""

    def __init__(self, ui, slices: str, onSet: Callable[[], None], unknownPixelMm: float | None = None) -> None:
        """slices: what its readers call the slices of a volume. onSet(): called after the user has set a spacing.

        unknownPixelMm: the distance of pixels that means "not known" in this kind of image; see ``scene.spacing_source``.
        """
        self._ui, self._slices, self._onSet, self._unknownPixelMm = ui, slices, onSet, unknownPixelMm
        self._volume = None
        ui.setSpacingButton.connect("clicked(bool)", self._onSetClicked)
        for box in (ui.pixelSpacingSpinBox, ui.sliceSpacingSpinBox):
            box.connect("valueChanged(double)", self._onTyped)
        self.show(None)

    @property
    def ready(self) -> bool:
        """Whether the volume shown has voxels and states its spacing."""
        return self._described.ready

    @property
    def placed(self) -> bool:
        """Whether the volume shown has voxels that a matrix places; ``text`` tells what is wrong otherwise."""
        return self._described.spacing is not None

    @property
    def text(self) -> str:
        """What is told of the volume shown."""
        return self._described.text

    @property
    def line(self) -> str:
        """Size and spacing of the volume shown, in a line; empty where there is none."""
        return self._described.line

    def isUpToDate(self) -> bool:
        """Whether the volume shown is still as it was told."""
        return _described(self._volume, self._slices, self._unknownPixelMm) == self._described

    def show(self, volume) -> None:
        """Show the facts of a volume node, or of none."""
        self._volume, self._described = volume, _described(volume, self._slices, self._unknownPixelMm)
        self._ui.inputFactsLabel.text = self._described.text
        spacing = self._described.spacing
        asks = spacing is not None and not self._described.ready
        self._ui.spacingBox.visible = asks
        if asks:
            # 0 stands for "not typed yet"; the button waits until both are lengths.
            self._ui.pixelSpacingSpinBox.value = spacing.row_mm or 0.0
            self._ui.sliceSpacingSpinBox.value = spacing.frame_mm or 0.0
            self._onTyped()

    def _onTyped(self, value: float = 0.0) -> None:
        self._ui.setSpacingButton.enabled = self._ui.pixelSpacingSpinBox.value > 0 and self._ui.sliceSpacingSpinBox.value > 0

    def _onSetClicked(self, checked: bool = False) -> None:
        with slicer.util.tryWithErrorDisplay(_("The spacing could not be set.")):
            scene.set_typed_spacing(self._volume, self._ui.pixelSpacingSpinBox.value, self._ui.sliceSpacingSpinBox.value)
            self.show(self._volume)
            self._onSet()


def _described(volume, called: str, unknownPixelMm: float | None) -> _Described:
    if volume is None:
        return _Described("", False, None)
    try:
        spacing = scene.volume_spacing(volume, unknownPixelMm)
    except InputError as error:
        return _Described(str(error), False, None)
    columns, rows, slices = volume.GetImageData().GetDimensions()
    size = _("{columns} x {rows} pixels, {count} {slices}").format(columns=columns, rows=rows, count=slices, slices=called)
    ready = scene.has_spacing(volume, unknownPixelMm)
    line = _("{size}; {row:.4g} mm, {frame:.4g} mm apart")
    return _Described(
        f"{size}\n{_facts(spacing, called) if ready else _('Its spacing is not known.')}",
        ready,
        spacing,
        line.format(size=size, row=spacing.row_mm, frame=spacing.frame_mm) if ready else "",
    )


def _facts(spacing: Spacing, called: str) -> str:
    """Distances in mm and where they came from."""
    row, column, frame = (f"{length:.4g}" for length in (spacing.row_mm, spacing.column_mm, spacing.frame_mm))
    pixels = row if row == column else f"{row} x {column}"
    return _("Pixels {pixels} mm, {slices} {frame} mm apart ({source})").format(
        pixels=pixels, slices=called, frame=frame, source=spacing.in_plane_source
    )

"""The en-face map in the panel: the vessel wall unrolled; a click goes to a frame."""

from collections.abc import Callable

import numpy as np
import qt
from slicer.i18n import tr as _

_LINE = np.uint8((27, 35, 48))


class EnFaceMap:
    """Draws the map into enFaceMap and its legend into enFaceLegend; enFaceFrame around them is hidden without a map."""

    def __init__(self, ui, onFrameChosen: Callable[[int], None]) -> None:
        """onFrameChosen(frame): called when the user clicks on a frame of the map."""
        self._place, self._label, self._legend = ui.enFaceFrame, ui.enFaceMap, ui.enFaceLegend
        self._onFrameChosen = onFrameChosen
        self._picture, self._frameCount, self._frame = None, 0, None
        self._clicks = _Clicks(self._onClick)
        self._label.installEventFilter(self._clicks)
        self._label.setCursor(qt.QCursor(qt.Qt.CrossCursor))

    def clear(self) -> None:
        """Show no map."""
        self._picture, self._frameCount, self._frame = None, 0, None
        self._place.visible = False

    def show(self, measurement) -> None:
        """Draw a PullbackMeasurement; the line of the frame on view stays."""
        from OCTCalciumLib.presenting.figures.en_face import en_face_picture

        self._picture, self._frameCount = en_face_picture(measurement), len(measurement.frames)
        self._legend.text = _legend(measurement)
        self._place.visible = True
        self._draw()

    def select(self, frame: int) -> None:
        """Move the line to a frame (from 0)."""
        if frame != self._frame:
            self._frame = frame
            self._draw()

    def _draw(self) -> None:
        if self._picture is None:
            return
        picture = self._picture
        if self._frame is not None and 0 <= self._frame < self._frameCount:
            width = picture.shape[1] // self._frameCount
            at = self._frame * width + width // 2
            picture = picture.copy()
            picture[:, max(at - 1, 0) : at + 1] = _LINE
        pixmap = qt.QPixmap()
        pixmap.loadFromData(qt.QByteArray(_ppm(picture)))
        self._label.setPixmap(pixmap)

    def _onClick(self, x: int) -> None:
        if self._frameCount:
            self._onFrameChosen(min(max(x * self._frameCount // max(self._label.width, 1), 0), self._frameCount - 1))


class _Clicks(qt.QObject):
    """Tells the x of clicks and drags with the left button on a widget."""

    def __init__(self, onClick: Callable[[int], None]) -> None:
        qt.QObject.__init__(self)
        self._onClick = onClick

    def eventFilter(self, watched, event) -> bool:
        pressed = event.type() == qt.QEvent.MouseButtonPress and event.button() == qt.Qt.LeftButton
        dragged = event.type() == qt.QEvent.MouseMove and event.buttons() == qt.Qt.LeftButton
        if pressed or dragged:
            self._onClick(event.pos().x())
        return False


def _ppm(picture: np.ndarray) -> bytes:
    """A picture (rows, columns, 3) uint8 as a file that Qt reads from memory."""
    return b"P6 %d %d 255\n" % picture.shape[1::-1] + picture.tobytes()


def _legend(measurement) -> str:
    from OCTCalciumLib.colors import COLORS, THICKNESS
    from OCTCalciumLib.presenting.figures.en_face import thickness_scale_mm

    def patch(color: str) -> str:
        return f'<span style="color:{color}">■</span>'

    parts = [_("{patch} hidden by the guidewire").format(patch=patch(COLORS["shadow"]))]
    if measurement.thickness_map_mm is None:
        parts.insert(0, _("{patch} calcium (thickness not known)").format(patch=patch(COLORS["calcium"])))
    else:
        scale = "".join(map(patch, THICKNESS))
        parts.insert(0, _("{scale} thickness, 0 to {most:.1f} mm").format(scale=scale, most=thickness_scale_mm(measurement)))
    if measurement.runs:
        parts.append(_("{patch} 180° or more").format(patch=patch(COLORS["calcium_over_180"])))
    return " &nbsp; ".join(f'<span style="white-space:nowrap">{part}</span>' for part in parts)

"""The module ``ctk``: the Common Toolkit's widgets that panels use."""

import types

from PySide6.QtCore import Property, QEvent, QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPalette, QPolygon
from PySide6.QtWidgets import (
    QAbstractButton,
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QHBoxLayout,
    QMessageBox,
    QSizePolicy,
    QSlider,
    QWidget,
)

from ..python_qt import stored_property
from .ui_loader import custom_widget

UNLIMITED_HEIGHT = 16777215


@custom_widget
class ctkCollapsibleButton(QAbstractButton):
    """Stands for ctkCollapsibleButton (CTK, Libs/Widgets/ctkCollapsibleButton.h): a title bar that folds what is below it away."""

    contentsCollapsed = Signal(bool)

    flat, setFlat = stored_property("flat", bool, False)
    collapsedHeight, setCollapsedHeight = stored_property("collapsedHeight", int, 14)
    contentsFrameShape, setContentsFrameShape = stored_property("contentsFrameShape", int, 0)

    def __init__(self, *arguments):
        super().__init__(*[each for each in arguments if isinstance(each, QWidget)])
        self._collapsed = False
        self._forcing = False
        self._folded = set()
        self.setText(next((each for each in arguments if isinstance(each, str)), ""))
        self.setCheckable(True)
        self.setChecked(True)
        self.setSizePolicy(QSizePolicy.Policy.Minimum, QSizePolicy.Policy.Preferred)
        self.setContentsMargins(0, self._barHeight(), 0, 0)
        self.toggled.connect(lambda checked: self.setCollapsed(not checked))

    def setCollapsed(self, collapsed):
        if collapsed == self._collapsed:
            return
        self._collapsed = collapsed
        self.setChecked(not collapsed)
        if collapsed:
            self._folded = {child for child in self._contents() if not child.isHidden()}
        for child in list(self._folded):
            self._force_visible(child, not collapsed)
        self.setMaximumHeight(self.sizeHint().height() if collapsed else UNLIMITED_HEIGHT)
        self.updateGeometry()
        self.contentsCollapsed.emit(collapsed)

    collapsed = Property(bool, lambda self: self._collapsed, setCollapsed)

    def sizeHint(self):
        bar = QSize(self.fontMetrics().horizontalAdvance(self.text) + 40, self._barHeight() + self.collapsedHeight)
        if self._collapsed or self.layout() is None:
            return bar
        return self.layout().totalSizeHint().expandedTo(bar)

    def minimumSizeHint(self):
        bar = QSize(self.fontMetrics().horizontalAdvance(self.text) + 40, self._barHeight())
        if self._collapsed or self.layout() is None:
            return bar
        return self.layout().totalMinimumSize().expandedTo(bar)

    def hitButton(self, position):
        return position.y() < self._barHeight()

    def childEvent(self, event):
        if event.type() == QEvent.Type.ChildAdded and isinstance(event.child(), QWidget):
            event.child().installEventFilter(self)

    def eventFilter(self, watched, event):
        """Whoever shows or hides a child while this is collapsed sees it once this is open."""
        if self._collapsed and not self._forcing:
            if event.type() == QEvent.Type.ShowToParent:
                self._folded.add(watched)
                self._force_visible(watched, False)
            elif event.type() == QEvent.Type.HideToParent:
                self._folded.discard(watched)
        return False

    def _force_visible(self, child, visible):
        self._forcing = True
        child.setVisible(visible)
        child.setAttribute(Qt.WidgetAttribute.WA_WState_ExplicitShowHide, False)
        self._forcing = False

    def paintEvent(self, event):
        painter = QPainter(self)
        bar = QRect(0, 0, self.width, self._barHeight())
        palette = self.palette
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(palette.color(QPalette.ColorRole.Button).darker(108))
        painter.drawRoundedRect(bar.adjusted(0, 0, 0, -1), 3, 3)
        group = QPalette.ColorGroup.Active if self.enabled else QPalette.ColorGroup.Disabled
        text_color = palette.color(group, QPalette.ColorRole.ButtonText)
        painter.setBrush(text_color)
        painter.drawPolygon(self._arrow(bar.center().y()))
        painter.setPen(text_color)
        painter.drawText(bar.adjusted(22, 0, -4, 0), Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextShowMnemonic, self.text)
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(palette.color(QPalette.ColorRole.Highlight))
            painter.drawRoundedRect(bar.adjusted(1, 1, -2, -2), 3, 3)

    def _contents(self):
        return [child for child in self.children() if isinstance(child, QWidget)]

    def _barHeight(self):
        return self.fontMetrics().height() + 8

    def _arrow(self, middle):
        if self._collapsed:
            return QPolygon([QPoint(8, middle - 4), QPoint(8, middle + 5), QPoint(13, middle)])
        return QPolygon([QPoint(6, middle - 2), QPoint(15, middle - 2), QPoint(10, middle + 4)])


@custom_widget
class ctkDoubleSpinBox(QDoubleSpinBox):
    """Stands for ctkDoubleSpinBox (CTK, Libs/Widgets/ctkDoubleSpinBox.h), as far as it is a QDoubleSpinBox."""


@custom_widget
class ctkSliderWidget(QWidget):
    """Stands for ctkSliderWidget (CTK, Libs/Widgets/ctkSliderWidget.h): a slider and a number that move together."""

    valueChanged = Signal(float)
    valueIsChanging = Signal(float)

    pageStep, setPageStep = stored_property("pageStep", float, 10.0)
    tracking, setTracking = stored_property("tracking", bool, True)
    tickInterval, setTickInterval = stored_property("tickInterval", float, 1.0)

    def __init__(self, parent=None):
        super().__init__(parent)
        self._slider = QSlider(Qt.Orientation.Horizontal, self)
        self._spin_box = QDoubleSpinBox(self)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._slider, 1)
        layout.addWidget(self._spin_box)
        self.setFocusProxy(self._slider)
        self._slider.valueChanged.connect(lambda step: self.setValue(self.minimum + step * self.singleStep))
        self._spin_box.valueChanged.connect(self._on_value)
        self._fit_slider()

    def _on_value(self, value):
        self._fit_slider()
        self.valueIsChanging.emit(value)
        self.valueChanged.emit(value)

    def _fit_slider(self):
        self._slider.blockSignals(True)
        self._slider.setRange(0, round((self.maximum - self.minimum) / self.singleStep))
        self._slider.setValue(round((self.value - self.minimum) / self.singleStep))
        self._slider.blockSignals(False)

    def setValue(self, value):
        self._spin_box.setValue(value)

    def setMinimum(self, minimum):
        self._spin_box.setMinimum(minimum)
        self._fit_slider()

    def setMaximum(self, maximum):
        self._spin_box.setMaximum(maximum)
        self._fit_slider()

    def setRange(self, minimum, maximum):
        self.setMinimum(minimum)
        self.setMaximum(maximum)

    def setSingleStep(self, step):
        self._spin_box.setSingleStep(step)
        self._fit_slider()

    def setDecimals(self, decimals):
        self._spin_box.setDecimals(decimals)

    def setSuffix(self, suffix):
        self._spin_box.setSuffix(suffix)

    def setPrefix(self, prefix):
        self._spin_box.setPrefix(prefix)

    def setSpinBoxVisible(self, visible):
        self._spin_box.setVisible(visible)

    value = Property(float, lambda self: self._spin_box.value, setValue)
    minimum = Property(float, lambda self: self._spin_box.minimum, setMinimum)
    maximum = Property(float, lambda self: self._spin_box.maximum, setMaximum)
    singleStep = Property(float, lambda self: self._spin_box.singleStep, setSingleStep)
    decimals = Property(int, lambda self: self._spin_box.decimals, setDecimals)
    suffix = Property(str, lambda self: self._spin_box.suffix, setSuffix)
    prefix = Property(str, lambda self: self._spin_box.prefix, setPrefix)
    spinBoxVisible = Property(bool, lambda self: not self._spin_box.isHidden(), setSpinBoxVisible)


@custom_widget
class ctkComboBox(QComboBox):
    """Stands for ctkComboBox (CTK, Libs/Widgets/ctkComboBox.h): a combo box with a text for "nothing chosen"."""

    defaultText, setDefaultText = stored_property("defaultText", str, "")
    forceDefault, setForceDefault = stored_property("forceDefault", bool, False)
    elideMode, setElideMode = stored_property("elideMode", int, 3)
    scrollWheelEffect, setScrollWheelEffect = stored_property("scrollWheelEffect", int, 0)


@custom_widget
class ctkCheckBox(QCheckBox):
    """Stands for ctkCheckBox (CTK, Libs/Widgets/ctkCheckBox.h), as far as it is a QCheckBox."""


class ctkMessageBox(QMessageBox):
    """Stands for ctkMessageBox (CTK, Libs/Widgets/ctkMessageBox.h): a message box that can be told not to come again."""

    dontShowAgain, setDontShowAgain = stored_property("dontShowAgain", bool, False)
    dontShowAgainVisible, setDontShowAgainVisible = stored_property("dontShowAgainVisible", bool, False)
    dontShowAgainSettingsKey, setDontShowAgainSettingsKey = stored_property("dontShowAgainSettingsKey", str, "")


def make_ctk_module():
    """The module ``ctk`` with every class above."""
    module = types.ModuleType("ctk")
    for name, value in globals().items():
        if name.startswith("ctk"):
            setattr(module, name, value)
    return module

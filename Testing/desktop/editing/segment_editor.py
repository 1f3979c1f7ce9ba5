"""The segment editor's widget on Slicer's own segment editor logic.

One widget, and therefore more than 300 lines: it has the properties, slots and signals that Slicer's own has.
"""

from weakref import WeakSet

import slicer
from PySide6.QtCore import Property, Qt, Signal
from PySide6.QtGui import QColor, QIcon, QKeySequence, QPainter, QPixmap, QShortcut
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFormLayout,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QHeaderView,
    QPushButton,
    QSizePolicy,
    QTableWidget,
    QTableWidgetItem,
    QToolButton,
    QVBoxLayout,
    QWidget,
)
from shiboken6 import isValid
from vtkmodules.vtkCommonCore import vtkCommand

from ..observations import Observations
from ..python_qt import stored_property
from ..widgets.mrml_widgets import SCENE_EVENTS, qMRMLNodeComboBox, qMRMLWidget
from ..widgets.ui_loader import custom_widget
from .segment_effects import EFFECT_NAMES, qSlicerSegmentEditorAbstractEffect

EFFECT_COLUMNS = 2
OPTIONS_WIDTH, OPTIONS_HEIGHT = 256, 230  # px; with names beside the pictures of effects the editor then needs 510, as in Slicer
_editors = WeakSet()


def editor_of(segmentation):
    """The segment editor that edits this segmentation node, or None."""
    return next((editor for editor in _editors if isValid(editor) and editor.segmentationNode() is segmentation), None)


def _visible_part(part):
    """A property that shows or hides a part of the widget, and its setter."""
    prefix = "_part_" + part

    def get(self):
        return not getattr(self, prefix).isHidden()

    def set_(self, visible):
        getattr(self, prefix).setVisible(visible)

    return Property(bool, get, set_), set_


@custom_widget
class qMRMLSegmentEditorWidget(qMRMLWidget):
    """Stands for qMRMLSegmentEditorWidget (Slicer, Modules/Loadable/Segmentations/Widgets/qMRMLSegmentEditorWidget.h)."""

    currentSegmentIDChanged = Signal(str)
    segmentationNodeChanged = Signal(object)
    sourceVolumeNodeChanged = Signal(object)

    segmentationNodeSelectorVisible, setSegmentationNodeSelectorVisible = _visible_part("segmentation")
    sourceVolumeNodeSelectorVisible, setSourceVolumeNodeSelectorVisible = _visible_part("source")
    addRemoveSegmentButtonsVisible, setAddRemoveSegmentButtonsVisible = _visible_part("add_remove")
    show3DButtonVisible, setShow3DButtonVisible = _visible_part("show_3d")
    maskingSectionVisible, setMaskingSectionVisible = stored_property("maskingSectionVisible", bool, True)
    specifyGeometryButtonVisible, setSpecifyGeometryButtonVisible = stored_property("specifyGeometryButtonVisible", bool, True)
    switchToSegmentationsButtonVisible, setSwitchToSegmentationsButtonVisible = stored_property(
        "switchToSegmentationsButtonVisible", bool, True
    )
    autoShowSourceVolumeNode, setAutoShowSourceVolumeNode = stored_property("autoShowSourceVolumeNode", bool, True)
    readOnly, setReadOnly = stored_property("readOnly", bool, False)
    undoEnabled, setUndoEnabled = stored_property("undoEnabled", bool, True)
    unorderedEffectsVisible, setUnorderedEffectsVisible = stored_property("unorderedEffectsVisible", bool, True)
    effectButtonStyle, setEffectButtonStyle = stored_property("effectButtonStyle", Qt.ToolButtonStyle, None)
    effectColumnCount, setEffectColumnCount = stored_property("effectColumnCount", int, EFFECT_COLUMNS)
    jumpToSelectedSegmentEnabled, setJumpToSelectedSegmentEnabled = stored_property("jumpToSelectedSegmentEnabled", bool, False)
    defaultTerminologyEntry, setDefaultTerminologyEntry = stored_property("defaultTerminologyEntry", str, "")
    defaultTerminologyEntrySettingsKey, setDefaultTerminologyEntrySettingsKey = stored_property(
        "defaultTerminologyEntrySettingsKey", str, ""
    )

    def __init__(self, parent=None):
        super().__init__(parent)
        _editors.add(self)
        self._node = None
        self._observations = Observations(self)
        self._order = list(EFFECT_NAMES)
        self._shortcuts = []
        self._shown_segment = self._shown_segmentation = self._shown_source = None
        self._effects = [qSlicerSegmentEditorAbstractEffect(name, self) for name in EFFECT_NAMES]
        self._history = slicer.vtkSegmentationHistory()
        self._history.SetMaximumNumberOfStates(10)
        self._logic = slicer.vtkSlicerSegmentEditorLogic()
        self._logic.SetSegmentationHistory(self._history)
        self._build()
        history_event = self._logic.SegmentationHistoryChangedEvent
        self._history_observations = Observations(self)
        self._history_observations.add(self._logic, history_event, lambda caller, event: self._update_undo())

    def setMRMLScene(self, newScene):
        super().setMRMLScene(newScene)
        self._hold_scene(newScene, SCENE_EVENTS, lambda caller, event: self.updateWidgetFromMRML())
        self._logic.SetMRMLScene(newScene)
        self._segmentations.setMRMLScene(newScene)
        self._sources.setMRMLScene(newScene)

    def mrmlSegmentEditorNode(self):
        return self._node

    def setMRMLSegmentEditorNode(self, newSegmentEditorNode):
        if newSegmentEditorNode is self._node:
            return
        if newSegmentEditorNode is not None and newSegmentEditorNode.GetActiveEffectName():
            raise RuntimeError(f"{newSegmentEditorNode.GetActiveEffectName()} is active before the editor is set up")
        self._node = newSegmentEditorNode
        self._logic.SetSegmentEditorNode(newSegmentEditorNode)
        self.updateWidgetFromMRML()

    def segmentationNode(self):
        return self._node.GetSegmentationNode() if self._node else None

    def segmentationNodeID(self):
        return self.segmentationNode().GetID() if self.segmentationNode() else ""

    def setSegmentationNode(self, node):
        if self._node is None or self.segmentationNode() is node:
            return
        self._logic.SetSegmentationNode(node)
        self.setActiveEffect(None)

    def setSegmentationNodeID(self, nodeID):
        self.setSegmentationNode(self.mrmlScene().GetNodeByID(nodeID))

    def sourceVolumeNode(self):
        return self._node.GetSourceVolumeNode() if self._node else None

    def sourceVolumeNodeID(self):
        return self.sourceVolumeNode().GetID() if self.sourceVolumeNode() else ""

    def setSourceVolumeNode(self, node):
        self._logic.SetSourceVolumeNode(node)

    def setSourceVolumeNodeID(self, nodeID):
        self.setSourceVolumeNode(self.mrmlScene().GetNodeByID(nodeID))

    def currentSegmentID(self):
        return (self._node.GetSelectedSegmentID() or "") if self._node else ""

    def setCurrentSegmentID(self, segmentID):
        if self._node:
            self._node.SetSelectedSegmentID(segmentID)

    def effectByName(self, name):
        return next((effect for effect in self._effects if effect.name == name), None)

    def activeEffect(self):
        return self.effectByName(self._node.GetActiveEffectName()) if self._node else None

    def setActiveEffect(self, effect):
        if self._node:
            self._node.SetActiveEffectName(effect.name if effect else "")

    def setActiveEffectByName(self, effectName):
        self.setActiveEffect(self.effectByName(effectName))

    def availableEffectNames(self):
        return list(EFFECT_NAMES)

    def effectNameOrder(self):
        return list(self._order)

    def setEffectNameOrder(self, effectNames):
        self._order = list(effectNames)
        self._refresh()

    def updateEffectList(self):
        self._refresh()

    def setMaximumNumberOfUndoStates(self, maximum):
        self._history.SetMaximumNumberOfStates(maximum)

    maximumNumberOfUndoStates = Property(int, lambda self: self._history.GetMaximumNumberOfStates(), setMaximumNumberOfUndoStates)

    def saveStateForUndo(self):
        self._logic.SaveStateForUndo()

    def undo(self):
        self._logic.Undo()

    def redo(self):
        self._logic.Redo()

    def setupViewObservations(self):
        """Nothing: the stand-in's views take no mouse."""

    def removeViewObservations(self):
        """Nothing: the stand-in's views take no mouse."""

    def installKeyboardShortcuts(self, parent=None):
        """Keys 1 to 9 and 0 for the first ten effects, as long as the whole window has the keyboard."""
        self.uninstallKeyboardShortcuts()
        for number, name in enumerate(list(self._buttons)[:10], 1):
            shortcut = QShortcut(QKeySequence(str(number % 10)), parent or slicer.util.mainWindow())
            shortcut.activated.connect(lambda name=name: self.setActiveEffectByName(name))
            self._shortcuts.append(shortcut)

    def uninstallKeyboardShortcuts(self):
        for shortcut in self._shortcuts:
            shortcut.setParent(None)
            shortcut.deleteLater()
        self._shortcuts = []

    def rotateSliceViewsToSegmentation(self):
        volume = self.sourceVolumeNode()
        for name in slicer.app.layoutManager().sliceViewNames():
            slicer.app.layoutManager().sliceWidget(name).mrmlSliceNode().RotateToVolumePlane(volume)

    def updateWidgetFromMRML(self):
        self._observe()
        segmentation, source, segment = self.segmentationNode(), self.sourceVolumeNode(), self.currentSegmentID()
        if segmentation and not segment and segmentation.GetSegmentation().GetNumberOfSegments():
            self._node.SetSelectedSegmentID(segmentation.GetSegmentation().GetNthSegmentID(0))
            return
        self._history.SetSegmentation(segmentation.GetSegmentation() if segmentation else None)
        for selector, node in ((self._segmentations, segmentation), (self._sources, source)):
            wasBlocked = selector.blockSignals(True)
            selector.setCurrentNode(node)
            selector.blockSignals(wasBlocked)
        self._list_segments()
        self._update_undo()
        for name, button in self._buttons.items():
            button.setEnabled(bool(segmentation and source))
            button.setChecked(bool(self._node) and self._node.GetActiveEffectName() == name)
        active = self._node.GetActiveEffectName() if self._node else ""
        self._options.setVisible(bool(active))
        if active and not (segmentation and source):
            raise RuntimeError(f"The effect {active} cannot be activated: there is no segmentation or no source volume")
        self._tell_changes(segmentation, source, segment)

    def _tell_changes(self, segmentation, source, segment):
        if segmentation is not self._shown_segmentation:
            self._shown_segmentation = segmentation
            self.segmentationNodeChanged.emit(segmentation)
        if source is not self._shown_source:
            self._shown_source = source
            self.sourceVolumeNodeChanged.emit(source)
        if segment != self._shown_segment:
            self._shown_segment = segment
            self.currentSegmentIDChanged.emit(segment)

    def _observe(self):
        self._observations.stop()
        update = lambda caller, event: self.updateWidgetFromMRML()  # noqa: E731
        if self._node:
            self._observations.add(self._node, vtkCommand.ModifiedEvent, update)
        if self.segmentationNode():
            segmentation = self.segmentationNode().GetSegmentation()
            for event in (segmentation.SegmentAdded, segmentation.SegmentRemoved, segmentation.SegmentModified):
                self._observations.add(segmentation, event, update)

    def _build(self):
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        self._segmentations = _selector("vtkMRMLSegmentationNode", False, self.setSegmentationNode)
        self._sources = _selector("vtkMRMLScalarVolumeNode", True, self.setSourceVolumeNode)
        self._part_segmentation = _labelled("Segmentation:", self._segmentations)
        self._part_source = _labelled("Source volume:", self._sources)
        layout.addWidget(self._part_segmentation)
        layout.addWidget(self._part_source)
        row = QHBoxLayout()
        self._part_add_remove = QWidget()
        QHBoxLayout(self._part_add_remove).setContentsMargins(0, 0, 0, 0)
        for text in ("Add", "Remove"):
            self._part_add_remove.layout().addWidget(QPushButton(text))
        self._part_show_3d = QPushButton("Show 3D")
        row.addWidget(self._part_add_remove)
        row.addWidget(self._part_show_3d)
        layout.addLayout(row)
        self._table = _segment_table()
        self._table.itemSelectionChanged.connect(self._on_row)
        columns = QHBoxLayout()
        layout.addLayout(columns)
        left, right = QVBoxLayout(), QVBoxLayout()
        columns.addLayout(left)
        columns.addLayout(right, 1)
        self._effect_grid = QGridLayout()
        self._effect_grid.setSpacing(2)
        left.addLayout(self._effect_grid)
        right.addWidget(self._table)
        self._options = QFrame()
        self._options.setFixedHeight(OPTIONS_HEIGHT)
        self._options.setMinimumWidth(OPTIONS_WIDTH)
        self._options.hide()
        right.addWidget(self._options)
        self._buttons = {}
        self._undo, self._redo = QToolButton(), QToolButton()
        undo_row = QHBoxLayout()
        for button, text, act in ((self._undo, "Undo", self.undo), (self._redo, "Redo", self.redo)):
            button.setText(text)
            button.setToolTip(f"{text} the last edit")
            button.clicked.connect(act)
            undo_row.addWidget(button)
        undo_row.addStretch(1)
        left.addLayout(undo_row)
        left.addStretch(1)
        self._refresh()

    def _refresh(self):
        if not hasattr(self, "_effect_grid"):
            return
        for button in self._buttons.values():
            button.setParent(None)
        rest = [name for name in EFFECT_NAMES if name not in self._order] if self.unorderedEffectsVisible else []
        self._buttons = {name: self._effect_button(name) for name in [*self._order, *rest] if name in EFFECT_NAMES}
        for number, button in enumerate(self._buttons.values()):
            self._effect_grid.addWidget(button, number // EFFECT_COLUMNS, number % EFFECT_COLUMNS)

    def _effect_button(self, name):
        button = QToolButton()
        button.setText(name)
        button.setIcon(_letters(name))
        button.setToolButtonStyle(self.effectButtonStyle or Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        button.setObjectName(name)
        button.setCheckable(True)
        button.setSizePolicy(QSizePolicy.Policy.Minimum, QSizePolicy.Policy.Fixed)
        button.setToolTip(name)
        button.setEnabled(False)
        button.clicked.connect(lambda checked: self.setActiveEffectByName(name if checked else ""))
        return button

    def _list_segments(self):
        node = self.segmentationNode()
        segmentation = node.GetSegmentation() if node else None
        ids = [segmentation.GetNthSegmentID(index) for index in range(segmentation.GetNumberOfSegments())] if node else []
        self._table.blockSignals(True)
        self._table.setRowCount(len(ids))
        for row, segment_id in enumerate(ids):
            segment = segmentation.GetSegment(segment_id)
            swatch = QPixmap(14, 14)
            swatch.fill(QColor.fromRgbF(*segment.GetColor()))
            item = QTableWidgetItem(QIcon(swatch), segment.GetName())
            item.setData(Qt.ItemDataRole.UserRole, segment_id)
            self._table.setItem(row, 0, item)
        if self.currentSegmentID() in ids:
            self._table.selectRow(ids.index(self.currentSegmentID()))
        self._table.setFixedHeight(26 * max(1, len(ids)) + 30)
        self._table.blockSignals(False)

    def _on_row(self):
        items = self._table.selectedItems()
        if items:
            self.setCurrentSegmentID(items[0].data(Qt.ItemDataRole.UserRole))

    def _update_undo(self):
        self._undo.setEnabled(self._logic.CanUndo())
        self._redo.setEnabled(self._logic.CanRedo())


def _letters(name):
    """A picture for an effect: the first letters of its name."""
    pixmap = QPixmap(22, 16)
    pixmap.fill(QColor(0, 0, 0, 0))
    painter = QPainter(pixmap)
    painter.setPen(QColor("#c8c8c8"))
    painter.drawText(pixmap.rect(), Qt.AlignmentFlag.AlignCenter, name[:2])
    painter.end()
    return QIcon(pixmap)


def _selector(kind, noneEnabled, choose):
    """As in Slicer it acts on every change, also of a hidden selector whose node was removed, but not amid many changes at once."""
    selector = qMRMLNodeComboBox()
    selector.setNodeTypes([kind])
    selector.setNoneEnabled(noneEnabled)
    selector.currentNodeChanged.connect(lambda node: None if slicer.mrmlScene.IsBatchProcessing() else choose(node))
    return selector


def _labelled(text, selector):
    """The selector with its name before it, which hides with it."""
    row = QWidget()
    form = QFormLayout(row)
    form.setContentsMargins(0, 0, 0, 0)
    form.addRow(text, selector)
    return row


def _segment_table():
    table = QTableWidget(0, 1)
    table.setHorizontalHeaderLabels(["Name"])
    table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
    table.verticalHeader().setDefaultSectionSize(26)
    table.verticalHeader().hide()
    table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
    table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    return table

"""Slicer's segment editor in a panel, set up for refining what a network has drawn."""

import qt
import slicer

_FILL_BETWEEN = "Fill between slices"  # no tr: Slicer's name of the effect
EFFECTS = ("Paint", "Draw", "Erase", "Scissors", "Threshold", "Islands", "Smoothing", _FILL_BETWEEN)
_UNDO_STATES = 10
_PREPARED = "LesionReading.Prepared"


class SegmentEditing:
    """Drives segmentEditorWidget and fillBetweenButton below editButton.

    Idle until start(). Views and keyboard are the editor's only while editButton is open: nobody paints without seeing it.
    """

    def __init__(self, ui, singletonTag: str) -> None:
        """ui: the widgets of the panel. singletonTag: the module's name; each module has its own settings of the editor."""
        self._ui, self._tag = ui, singletonTag
        self._editor = ui.segmentEditorWidget
        self._editor.setMaximumNumberOfUndoStates(_UNDO_STATES)
        self._editor.setEffectNameOrder(list(EFFECTS))
        self._editor.unorderedEffectsVisible = False
        # Which segmentation and which volume is the panel's matter, and the segments are given.
        self._editor.segmentationNodeSelectorVisible = False
        self._editor.sourceVolumeNodeSelectorVisible = False
        self._editor.addRemoveSegmentButtonsVisible = False
        self._editor.switchToSegmentationsButtonVisible = False
        self._editor.autoShowSourceVolumeNode = False  # the panel shows the volume
        # Pictures alone, with their names as tool tips: beside names the options of an effect need a very wide panel.
        self._editor.effectButtonStyle = qt.Qt.ToolButtonIconOnly
        ui.fillBetweenButton.connect("clicked(bool)", self._onFillBetween)
        ui.editButton.connect("contentsCollapsed(bool)", lambda collapsed: self._listen())
        self._started = self._listening = False
        self._show(False)

    @property
    def started(self) -> bool:
        """Whether a segmentation is being edited."""
        return self._started

    def start(self, segmentation, volume, segmentId: str) -> None:
        """Edit a segmentation node on a volume node, beginning with one of its segments."""
        node = self._editorNode()
        node.SetActiveEffectName("")  # a scene may have been saved amid painting
        self._editor.setMRMLSegmentEditorNode(node)
        self._editor.setSegmentationNode(segmentation)
        self._editor.setSourceVolumeNode(volume)
        self._editor.setCurrentSegmentID(segmentId)
        self._started = True
        self._listen()
        self._show(True)

    def stop(self) -> None:
        """Give the views and the keyboard back; the segmentation stays as it is."""
        if not self._started:
            return
        self._started = False
        self._listen()
        self._editor.setSegmentationNode(None)
        self._editor.setMRMLSegmentEditorNode(None)  # a scene that is opened must not give the editor what it was saved with
        self._show(False)

    def beginStep(self) -> None:
        """What changes from now on is one step of the editor's undo."""
        self._editor.setActiveEffect(None)
        self._editor.saveStateForUndo()

    def _listen(self) -> None:
        """Listen to views and keyboard while a segmentation is being edited and the tools are in sight, else give them back."""
        wanted = self._started and not self._ui.editButton.collapsed
        if wanted == self._listening:
            return
        self._listening = wanted
        if wanted:
            self._editor.setupViewObservations()
            self._editor.installKeyboardShortcuts()
        else:
            self._editor.setActiveEffect(None)
            self._editor.uninstallKeyboardShortcuts()
            self._editor.removeViewObservations()

    def _editorNode(self):
        """The module's own editor node; segments overwrite only what is visible, so that nothing changes unseen."""
        node = slicer.mrmlScene.GetSingletonNode(self._tag, "vtkMRMLSegmentEditorNode")
        if node is None:
            node = slicer.mrmlScene.CreateNodeByClass("vtkMRMLSegmentEditorNode")
            node.UnRegister(None)
            node.SetSingletonTag(self._tag)
            node = slicer.mrmlScene.AddNode(node)
        node.SetSaveWithScene(False)
        # A closed scene resets its singletons, their attributes too; what the user has chosen since then stays.
        if not node.GetAttribute(_PREPARED):
            node.SetOverwriteMode(slicer.vtkMRMLSegmentEditorNode.OverwriteVisibleSegments)
            node.SetAttribute(_PREPARED, "1")
        return node

    def _show(self, editable: bool) -> None:
        self._editor.enabled = editable
        self._ui.fillBetweenButton.enabled = editable

    def _onFillBetween(self, checked: bool = False) -> None:
        """Slicer's own effect shows what it would fill, and its Apply keeps it."""
        self._editor.setActiveEffectByName(_FILL_BETWEEN)

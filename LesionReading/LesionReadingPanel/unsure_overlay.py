"""Where a network is unsure, drawn in the slice views while a switch of the panel is on."""

from collections.abc import Sequence
from pathlib import Path

from LesionReadingLib.labels.label_map import Segment
from LesionReadingScene.scene import load_segmentation, result_node, set_result_node
from slicer.i18n import tr as _

ROLE = "unsure"
"""Under which a result refers to the segmentation node."""

_FILL_OPACITY = 0.4


def loadUnsure(result, volume, path: Path, segments: Sequence[Segment]) -> None:
    """Add what the worker wrote to the scene as a hidden segmentation of the result; nothing where it wrote none."""
    if not path.is_file():
        return
    node = load_segmentation(path, volume, _("{name} unsure").format(name=volume.GetName()), segments)
    node.HideFromEditorsOn()  # nobody edits it
    display = node.GetDisplayNode()
    display.SetOpacity2DFill(_FILL_OPACITY)
    display.SetVisibility3D(False)
    display.SetVisibility(False)
    set_result_node(result, ROLE, node)


def unsureOf(result):
    """The segmentation node (vtkMRMLSegmentationNode) of a result; None where the model tells nothing of it."""
    return result_node(result, ROLE)


class UnsureOverlay:
    """Shows it of one result at a time."""

    def __init__(self, checkBox) -> None:
        """checkBox: the switch; it is disabled where there is nothing to show."""
        self._checkBox = checkBox
        self._node = None
        checkBox.connect("toggled(bool)", lambda _checked=False: self._show())
        self.bind(None)

    def bind(self, result) -> None:
        """Show that of a result, and hide that of the one before; None for no result."""
        if self._node is not None and self._node.GetDisplayNode() is not None:
            self._node.GetDisplayNode().SetVisibility(False)
        self._node = unsureOf(result) if result is not None else None
        self._checkBox.enabled = self._node is not None
        self._show()

    def _show(self) -> None:
        if self._node is not None and self._node.GetDisplayNode() is not None:
            self._node.GetDisplayNode().SetVisibility(self._checkBox.checked)

"""Effects of the segment editor: their parameters, and what "Fill between slices" does when a panel drives it."""

import slicer
from slicer_core.vtkITK import vtkITKMorphologicalContourInterpolator
from vtkmodules.vtkCommonCore import VTK_UNSIGNED_CHAR, vtkStringArray
from vtkmodules.vtkImagingCore import vtkImageCast, vtkImageThreshold

EFFECT_NAMES = (
    *("Threshold", "Paint", "Draw", "Erase", "Level tracing", "Grow from seeds", "Fill between slices"),
    *("Margin", "Hollow", "Smoothing", "Scissors", "Islands", "Logical operators", "Mask volume"),
)


class qSlicerSegmentEditorAbstractEffect:
    """Stands for qSlicerSegmentEditorAbstractEffect (Slicer, Modules/Loadable/Segmentations/EditorEffects): parameters are
    attributes of the vtkMRMLSegmentEditorNode."""

    __slots__ = ("_editor", "_python", "name", "perSegment", "title")

    def __init__(self, name, editor):
        self.name = name
        self.title = name
        self._editor = editor
        self.perSegment = name not in ("Grow from seeds", "Fill between slices")
        self._python = FillBetweenSlices(self) if name == "Fill between slices" else None

    def self(self):
        """The Python object of an effect that is written in Python; of those only "Fill between slices" exists here."""
        if self._python is None:
            raise AttributeError(f"The stand-in cannot run the effect {self.name}")
        return self._python

    def parameterSetNode(self):
        return self._editor.mrmlSegmentEditorNode()

    def parameter(self, name):
        node = self.parameterSetNode()
        return node.GetAttribute(f"{self.name}.{name}") or node.GetAttribute(name) or ""

    def integerParameter(self, name):
        return int(self.parameter(name) or 0)

    def doubleParameter(self, name):
        return float(self.parameter(name) or 0)

    def parameterDefined(self, name):
        return self.parameterSetNode().GetAttribute(f"{self.name}.{name}") is not None

    def setParameter(self, name, value):
        self.parameterSetNode().SetAttribute(f"{self.name}.{name}", str(value))

    def setCommonParameter(self, name, value):
        self.parameterSetNode().SetAttribute(name, str(value))

    def saveStateForUndo(self):
        self._editor.saveStateForUndo()


class FillBetweenSlices:
    """Stands for SegmentEditorFillBetweenSlicesEffect (Slicer, SegmentEditorEffects/AbstractScriptedSegmentEditorAutoComplete
    Effect.py): contours between those drawn, by the same interpolator that Slicer has."""

    def __init__(self, effect):
        self.scriptedEffect = effect
        self._preview = None

    def onPreview(self):
        node = self.scriptedEffect.parameterSetNode().GetSegmentationNode()
        visible = vtkStringArray()
        node.GetDisplayNode().GetVisibleSegmentIDs(visible)
        merged = slicer.vtkOrientedImageData()
        node.GenerateMergedLabelmapForAllSegments(merged, slicer.vtkSegmentation.EXTENT_UNION_OF_EFFECTIVE_SEGMENTS, None, visible)
        cast = vtkImageCast()
        cast.SetOutputScalarTypeToUnsignedChar()
        cast.SetInputData(merged)
        interpolator = vtkITKMorphologicalContourInterpolator()
        interpolator.SetInputConnection(cast.GetOutputPort())
        interpolator.Update()
        filled = slicer.vtkOrientedImageData()
        filled.DeepCopy(interpolator.GetOutput())
        filled.CopyDirections(merged)
        self._preview = {segment: _of_label(filled, label + 1) for label, segment in enumerate(_texts(visible))}

    def onApply(self):
        self.scriptedEffect.saveStateForUndo()
        node = self.scriptedEffect.parameterSetNode().GetSegmentationNode()
        logic = self.scriptedEffect._editor._logic
        for segment, labelmap in self._preview.items():
            logic.ModifySegmentByLabelmap(node, segment, labelmap, logic.ModificationModeSet, False, False)
        self._preview = None

    def onCancel(self):
        self._preview = None


def _texts(array):
    return [array.GetValue(index) for index in range(array.GetNumberOfValues())]


def _of_label(labels, value):
    threshold = vtkImageThreshold()
    threshold.SetInputData(labels)
    threshold.ThresholdBetween(value, value)
    threshold.SetInValue(1)
    threshold.SetOutValue(0)
    threshold.SetOutputScalarType(VTK_UNSIGNED_CHAR)
    threshold.Update()
    only = slicer.vtkOrientedImageData()
    only.DeepCopy(threshold.GetOutput())
    only.CopyDirections(labels)
    return only

"""Views that really render, off-screen: slices and 3D with Slicer's displayable managers.

A view renders when it is asked to (``forceRender``, a screenshot), not with each change: rendering in software would hold the
event loop, which a graphics card in a real Slicer does not.
"""

import numpy as np
import slicer
import vtkmodules.vtkInteractionStyle
import vtkmodules.vtkRenderingContextOpenGL2
import vtkmodules.vtkRenderingFreeType
import vtkmodules.vtkRenderingOpenGL2
import vtkmodules.vtkRenderingVolumeOpenGL2  # noqa: F401
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtWidgets import QWidget
from vtkmodules.util.numpy_support import vtk_to_numpy
from vtkmodules.vtkCommonCore import vtkCommand, vtkUnsignedCharArray
from vtkmodules.vtkCommonMath import vtkMatrix4x4
from vtkmodules.vtkInteractionStyle import vtkInteractorStyleUser
from vtkmodules.vtkRenderingCore import (
    vtkActor2D,
    vtkImageMapper,
    vtkInteractorStyle3D,
    vtkRenderer,
    vtkRenderWindow,
    vtkRenderWindowInteractor,
)

SLICE_MANAGERS = (
    *("vtkMRMLVolumeGlyphSliceDisplayableManager", "vtkMRMLModelSliceDisplayableManager"),
    *("vtkMRMLCrosshairDisplayableManager", "vtkMRMLOrientationMarkerDisplayableManager", "vtkMRMLRulerDisplayableManager"),
    *("vtkMRMLScalarBarDisplayableManager", "vtkMRMLSegmentationsDisplayableManager2D", "vtkMRMLMarkupsDisplayableManager"),
    *("vtkMRMLTransformsDisplayableManager2D", "vtkMRMLColorLegendDisplayableManager"),
)
THREE_D_MANAGERS = (
    *("vtkMRMLVolumeRenderingDisplayableManager", "vtkMRMLCameraDisplayableManager", "vtkMRMLViewDisplayableManager"),
    *("vtkMRMLModelDisplayableManager", "vtkMRMLThreeDReformatDisplayableManager"),
    *("vtkMRMLCrosshairDisplayableManager3D",),
    *("vtkMRMLOrientationMarkerDisplayableManager", "vtkMRMLRulerDisplayableManager"),
    *("vtkMRMLSegmentationsDisplayableManager3D", "vtkMRMLMarkupsDisplayableManager"),
    *("vtkMRMLTransformsDisplayableManager3D", "vtkMRMLColorLegendDisplayableManager"),
)


class RenderedView(QWidget):
    """Stands for ctkVTKAbstractView (CTK, Libs/Visualization/VTK/Widgets/ctkVTKAbstractView.h): shows what VTK rendered."""

    def __init__(self, render_window=None):
        super().__init__()
        self._image = QImage()
        self._window = render_window or vtkRenderWindow()
        self._window.SetOffScreenRendering(1)
        self._window.SetMultiSamples(0)  # Slicer's own default
        self._window.SetSize(300, 300)
        self.setMinimumSize(60, 60)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)

    def renderWindow(self):
        return self._window

    def interactor(self):
        return self._window.GetInteractor()

    def scheduleRender(self):
        """Nothing: the next screenshot renders."""

    def forceRender(self):
        self._window.SetSize(self.width, self.height)
        self._prepare()
        self._window.Render()
        self._image = _image_of(self._window)
        self.repaint()

    def resizeEvent(self, event):
        self._window.SetSize(self.width, self.height)
        self._resized()

    def paintEvent(self, event):
        painter = QPainter(self)
        painter.fillRect(self.rect, QColor(0, 0, 0))
        painter.drawImage(self.rect, self._image)
        for row, text in enumerate(self._annotations()):
            for shift, color in ((1, "#000000"), (0, "#f2f2f2")):
                painter.setPen(QColor(color))
                painter.drawText(8 + shift, self.height - 8 - 15 * row + shift, text)

    def _prepare(self):
        pass

    def _resized(self):
        pass

    def _annotations(self):
        return []


def _image_of(window):
    width, height = window.GetSize()
    pixels = vtkUnsignedCharArray()
    window.GetPixelData(0, 0, width - 1, height - 1, 0, pixels, 0)
    rows = np.ascontiguousarray(vtk_to_numpy(pixels).reshape(height, width, 3)[::-1])
    return QImage(rows.data, width, height, 3 * width, QImage.Format.Format_RGB888).copy()


class ManagedView(RenderedView):
    """A view whose content comes from displayable managers."""

    def __init__(self, factory, managers):
        super().__init__()
        self._renderer = vtkRenderer()
        self._window.AddRenderer(self._renderer)
        self._add_background()
        interactor = vtkRenderWindowInteractor()
        interactor.SetRenderWindow(self._window)
        interactor.SetInteractorStyle(self._style())
        self._interactor = interactor
        for name in managers:
            if not factory.IsDisplayableManagerRegistered(name):
                factory.RegisterDisplayableManager(name)
        self._group = slicer.vtkMRMLDisplayableManagerGroup()
        self._group.Initialize(factory, self._renderer)

    def _add_background(self):
        """What is drawn before, and so below, everything that the displayable managers draw."""

    def displayableManagerByClassName(self, className):
        return self._group.GetDisplayableManagerByClassName(className)

    def getDisplayableManagers(self, displayableManagers):
        for index in range(self._group.GetDisplayableManagerCount()):
            displayableManagers.AddItem(self._group.GetNthDisplayableManager(index))


class qMRMLSliceView(ManagedView):
    """Stands for qMRMLSliceView (Slicer, Libs/MRML/Widgets/qMRMLSliceView.h)."""

    def __init__(self, logic):
        super().__init__(slicer.vtkMRMLSliceViewDisplayableManagerFactory.GetInstance(), SLICE_MANAGERS)
        self._logic = logic
        self._observer = slicer.vtkMRMLSliceViewInteractorStyle()
        self._observer.SetSliceLogic(logic)
        self._observer.SetDisplayableManagers(self._group)
        self._observer.SetInteractor(self._interactor)
        self._group.SetMRMLDisplayableNode(logic.GetSliceNode())
        logic.AddObserver(vtkCommand.ModifiedEvent, lambda caller, event: self._connect_image())
        self._connect_image()

    def mrmlSliceNode(self):
        return self._logic.GetSliceNode()

    def sliceViewInteractorStyle(self):
        return self._observer

    def convertRASToXYZ(self, ras):
        inverse = vtkMatrix4x4()
        inverse.DeepCopy(self.mrmlSliceNode().GetXYToRAS())
        inverse.Invert()
        return list(inverse.MultiplyPoint([*ras, 1]))[:3]

    def convertXYZToRAS(self, xyz):
        return list(self.mrmlSliceNode().GetXYToRAS().MultiplyPoint([*xyz, 1]))[:3]

    def _style(self):
        return vtkInteractorStyleUser()

    def _add_background(self):
        self._renderer.GetActiveCamera().ParallelProjectionOn()
        self._mapper = vtkImageMapper()
        self._mapper.SetColorWindow(255)
        self._mapper.SetColorLevel(127.5)
        self._actor = vtkActor2D()
        self._actor.SetMapper(self._mapper)
        self._actor.GetProperty().SetDisplayLocationToBackground()
        self._actor.SetVisibility(False)
        self._renderer.AddViewProp(self._actor)

    def _connect_image(self):
        connection = self._logic.GetImageDataConnection()
        self._mapper.SetInputConnection(connection)
        self._actor.SetVisibility(connection is not None)

    def _resized(self):
        self._logic.ResizeSliceNode(self.width, self.height)

    def _annotations(self):
        composite, scene = self._logic.GetSliceCompositeNode(), slicer.mrmlScene
        background = scene.GetNodeByID(composite.GetBackgroundVolumeID() or "") if composite else None
        foreground = scene.GetNodeByID(composite.GetForegroundVolumeID() or "") if composite else None
        lines = [f"B: {background.GetName()}"] if background else []
        if foreground:
            lines.append(f"F: {foreground.GetName()} ({composite.GetForegroundOpacity():.0%})")
        return lines


class qMRMLThreeDView(ManagedView):
    """Stands for qMRMLThreeDView (Slicer, Libs/MRML/Widgets/qMRMLThreeDView.h)."""

    def __init__(self, node):
        super().__init__(slicer.vtkMRMLThreeDViewDisplayableManagerFactory.GetInstance(), THREE_D_MANAGERS)
        self._node = node
        self._renderer.SetUseDepthPeeling(True)
        self._renderer.SetUseDepthPeelingForVolumes(True)
        self._renderer.SetGradientBackground(True)
        self._observer = slicer.vtkMRMLThreeDViewInteractorStyle()
        self._observer.SetDisplayableManagers(self._group)
        self._observer.SetInteractor(self._interactor)
        self._group.SetMRMLDisplayableNode(node)

    def mrmlViewNode(self):
        return self._node

    def cameraNode(self):
        return self.displayableManagerByClassName("vtkMRMLCameraDisplayableManager").GetCameraNode()

    def rotateToViewAxis(self, axisId):
        self.cameraNode().RotateTo(axisId)

    def resetCamera(self, resetRotation=True, resetTranslation=True, resetDistance=True):
        self.cameraNode().Reset(resetRotation, resetTranslation, resetDistance, self._renderer)

    def resetFocalPoint(self):
        """Turn about the middle of what is visible; the box and its letters do not count."""
        node = self.mrmlViewNode()
        was_visible = node.GetBoxVisible(), node.GetAxisLabelsVisible()
        node.SetBoxVisible(False)
        node.SetAxisLabelsVisible(False)
        bounds = self._renderer.ComputeVisiblePropBounds()
        if bounds[0] <= bounds[1]:
            middle = [(bounds[2 * axis] + bounds[2 * axis + 1]) / 2 for axis in range(3)]
            self.cameraNode().SetFocalPoint(middle)
        node.SetBoxVisible(was_visible[0])
        node.SetAxisLabelsVisible(was_visible[1])
        node.InvokeEvent(slicer.vtkMRMLViewNode.ResetFocalPointRequestedEvent)
        self._renderer.ResetCameraClippingRange()

    def _style(self):
        return vtkInteractorStyle3D()

    def _prepare(self):
        node = self.mrmlViewNode()
        self._renderer.SetBackground(node.GetBackgroundColor())
        self._renderer.SetBackground2(node.GetBackgroundColor2())
        self._renderer.ResetCameraClippingRange()

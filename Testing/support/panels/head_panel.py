"""What tests of HematomaMarkers' panel do and read there."""

from __future__ import annotations

import shutil

import slicer
from HematomaMarkersLib.segments import SEGMENTS
from HematomaMarkersPanel.scan_results import KIND, SEGMENTATION
from LesionReadingScene.scene import labels_of, result_node, result_of

GROWN_ML = 33.0
"""True volume of the sample six hours later."""


def choose(panel, volume, prior=None):
    panel.ui.inputSelector.setCurrentNode(volume)
    panel.ui.priorSelector.setCurrentNode(prior)


def apply_and_wait(desktop, panel):
    panel.ui.applyButton.click()
    desktop.wait_until(lambda: not panel.run.running, 120)


def keep_results(panel, kept):
    """Copy what the worker writes, when the panel takes it."""
    take = panel.logic.takeRun

    def copy_and_take(folder, *arguments, **options):
        shutil.copytree(folder / "out", kept / "out", dirs_exist_ok=True)
        return take(folder, *arguments, **options)

    panel.logic.takeRun = copy_and_take


def labels_in(panel, volume):
    return labels_of(result_node(result_of(volume, KIND), SEGMENTATION), volume, SEGMENTS)


def shown_ml(panel):
    return float(panel.ui.volumeLabel.text.split()[0])


def composite(view):
    return slicer.app.layoutManager().sliceWidget(view).mrmlSliceCompositeNode()

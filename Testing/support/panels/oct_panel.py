"""What tests of OCTCalcium's panel do and read there."""

from __future__ import annotations

import shutil

from drawn_result import write_run
from LesionReadingScene.scene import result_of


def show_drawn(panel, volume, labels, folder):
    panel.ui.inputSelector.setCurrentNode(volume)
    take_run(panel, volume, write_run(folder, volume, labels))


def take_run(panel, volume, folder):
    panel.analysedVolume, panel.analysedOptions = volume, {"model": "a_model"}
    panel.takeResults(folder)
    panel.refresh()


def keep_run(panel, kept):
    """Copy what the worker wrote, when the panel takes it."""
    take = panel.logic.takeRun

    def copy_and_take(folder, *arguments, **options):
        shutil.copytree(folder / "out", kept / "out")
        return take(folder, *arguments, **options)

    panel.logic.takeRun = copy_and_take


def apply_and_wait(desktop, panel):
    panel.ui.applyButton.click()
    desktop.wait_until(lambda: not panel.run.running, 120)


def result_in(panel):
    return result_of(panel.ui.inputSelector.currentNode(), "OCTCalcium")


def segmentation_in(panel):
    from OCTCalciumPanel.pullback_results import segmentationOf

    return segmentationOf(result_in(panel))


def number(text):
    return float(text.split()[0].rstrip("°"))


def row(panel, frame):
    return [panel.ui.frameTable.item(frame, column).text() for column in range(7)]


def erase_frame(desktop, panel, frame, radius_mm=9.0):
    volume = panel.ui.inputSelector.currentNode()
    columns, rows, _ = volume.GetImageData().GetDimensions()
    middle = (columns // 2, rows // 2, frame)
    desktop.paint(segmentation_in(panel), "calcium", volume, middle, radius_mm, erase=True)
    desktop.process_events()

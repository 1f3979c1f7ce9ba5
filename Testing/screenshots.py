"""Takes the pictures of both modules that the README shows: ``python Testing/screenshots.py FOLDER``.

The samples are drawn, read by the real worker and shown as a user would.
"""

import argparse
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT / folder) for folder in ("Testing", "Testing/support", "Testing/support/drawn")]
sys.path[:0] = [str(ROOT / module) for module in ("LesionReading", "OCTCalcium", "HematomaMarkers")]

from desktop import start  # noqa: E402

WIDTH, HEIGHT, PANEL_WIDTH = 1500, 1000, 400  # px


def take_oct(desktop, folder: Path) -> None:
    """The pullback's sample: numbers, arc, vessel and plot; then the panel while a frame is edited."""
    desktop.start_anew()
    panel = desktop.load_module(ROOT / "OCTCalcium" / "OCTCalcium.py")
    (pullback,) = desktop.click_sample("OCT pullback (phantom)")
    panel.ui.inputSelector.setCurrentNode(pullback)
    _apply(desktop, panel)
    panel.ui.renderingCheckBox.checked = True
    panel.ui.maxArcButton.click()
    _take(desktop, folder / "oct_module.png")
    panel.ui.editButton.collapsed = False
    _take_panel(desktop, folder / "oct_panel.png")
    desktop.unload_module("OCTCalcium")


def take_head(desktop, folder: Path) -> None:
    """The patient six hours later, with the earlier scan: the blend sign's heat, then both scans side by side."""
    desktop.start_anew()
    panel = desktop.load_module(ROOT / "HematomaMarkers" / "HematomaMarkers.py")
    (first,) = desktop.click_sample("Head CT with a blend sign")
    (later,) = desktop.click_sample("Head CT with a blend sign, 6 h later")
    panel.ui.inputSelector.setCurrentNode(later)
    panel.ui.priorSelector.setCurrentNode(first)
    _apply(desktop, panel)
    panel.ui.blendButton.click()
    _take(desktop, folder / "head_module.png")
    panel.ui.editButton.collapsed = False
    _take_panel(desktop, folder / "head_panel.png")
    desktop.unload_module("HematomaMarkers")


def take_tutorial(desktop, folder: Path) -> None:
    """Two pullbacks in a worklist, one opened without a model, a deposit of it marked by two clicks."""
    from drawn_clicks import click_on_ends, write_two_pullbacks

    desktop.start_anew()
    panel = desktop.load_module(ROOT / "OCTCalcium" / "OCTCalcium.py")
    with TemporaryDirectory() as studies:
        frame, ends = write_two_pullbacks(Path(studies))
        panel.ui.worklistButton.collapsed = False
        panel.ui.readerEdit.text = "Anna"
        panel.worklist.show(Path(studies))
        panel.worklist.open(0)
        desktop.process_events()
        click_on_ends(panel, frame, ends)
        desktop.process_events()
        panel.ui.inputButton.collapsed = panel.ui.resultsButton.collapsed = True
        _take(desktop, folder / "tutorial_marking.png")
        desktop.unload_module("OCTCalcium")


def _apply(desktop, panel) -> None:
    panel.ui.applyButton.click()
    desktop.wait_until(lambda: not panel.run.running, 300)


def _take(desktop, file: Path) -> None:
    desktop.process_events()
    desktop.screenshot(file, WIDTH, HEIGHT)


def _take_panel(desktop, file: Path) -> None:
    desktop.process_events()
    desktop.screenshot_panel(file, PANEL_WIDTH)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    chosen = parser.parse_args()
    chosen.folder.mkdir(parents=True, exist_ok=True)
    a_desktop = start()
    take_oct(a_desktop, chosen.folder)
    take_head(a_desktop, chosen.folder)
    take_tutorial(a_desktop, chosen.folder)

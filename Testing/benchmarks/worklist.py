"""An annotator's day in OCTCalcium's panel: a worklist of 50 pullbacks, and how long each step holds Slicer's event loop.

Run by hand: ``python Testing/benchmarks/worklist.py [STUDIES]``. The desktop is the stand-in of the tests, with Slicer's real
scene. All studies are one drawn pullback of 375 frames of 512 x 512, in a folder of their own each, as the model has left
them. Beside wall times stand processor times, which depend less on what else the machine does; a hold does not count time in
which other processes had the processor. ``--click`` measures two clicks on a frame of 1024 x 1024 instead, on which not even
the lumen is labelled.

Last figures, two quiet cores, 50 studies, run twice: the next study 2.3 to 2.5 s (median; the slowest 2.7 to 3.2 s), longest hold
36 to 41 ms in the median opening; single holds of 139 ms (listing) and 339 ms (an opening) came once each.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / folder) for folder in ("Testing", "Testing/support", "LesionReading", "OCTCalcium")]

import numpy as np  # noqa: E402
from desktop import start  # noqa: E402
from LesionReadingLib.geometry.grid import even_grid  # noqa: E402
from LesionReadingLib.geometry.nrrd import write_nrrd  # noqa: E402
from LesionReadingLib.geometry.spacing import Spacing  # noqa: E402
from LesionReadingLib.labels.seg_nrrd import write_seg_nrrd  # noqa: E402
from measure import PIXEL_MM, drawn_pullback  # noqa: E402
from measure import SIZE as FULL_SIZE  # noqa: E402
from OCTCalciumLib.segments import SEGMENTS  # noqa: E402

SIZE, FRAME_MM, OPENED, STEPS = 512, 0.2, 8, 9
LUMEN_MM, ENDS = 1.5, (0.3, 1.2)  # of the frame to click on: radius, and where its deposit begins and ends (radians)
Figures = tuple[float, float, float]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("studies", type=int, nargs="?", default=50)
    parser.add_argument("--click", action="store_true", help="only the click on a frame of 1024 x 1024 without labels")
    chosen = parser.parse_args()
    desktop = start()
    panel = desktop.load_module(ROOT / "OCTCalcium" / "OCTCalcium.py")
    print(f"{'':62}{'wall':>8}{'processor':>11}{'longest hold':>14}")
    if chosen.click:
        _clicks(desktop, panel)
        return
    with tempfile.TemporaryDirectory() as folder:
        _day(desktop, panel, Path(folder), chosen.studies)


def _day(desktop, panel, folder: Path, studies: int) -> None:
    from LesionReadingScene import scene
    from OCTCalciumPanel import pullback_results

    pixel_mm = PIXEL_MM * FULL_SIZE / SIZE
    labels = drawn_pullback(SIZE)
    grid = even_grid(labels.shape, Spacing(pixel_mm, pixel_mm, FRAME_MM, "drawn", "drawn"))
    _write_studies(folder, labels, grid, studies)
    panel.ui.readerEdit.text = "Anna"
    work = panel.worklist
    _told(f"the list of {studies} studies", _timed(desktop, lambda: work.show(folder)))
    for item in work._items:
        item.folder.mkdir(parents=True)
        shutil.copytree(folder / ".result", item.result, copy_function=os.link)
    _told("their states anew, as after every study that is analysed", _timed(desktop, work.refresh))
    opened = [_timed(desktop, panel.ui.nextStudyButton.click) for _ in range(OPENED)]
    _told("the next study, the one before only looked at (median)", _median(opened))
    _told("the same, the slowest", max(opened))
    kept = []
    for _ in range(OPENED):
        panel.ui.reviewedCheckBox.click()
        kept.append(_timed(desktop, panel.ui.nextStudyButton.click))
    _told("the next study, the one before kept with a tick (median)", _median(kept))
    _told("the same, the slowest", max(kept))
    segmentation, volume = pullback_results.segmentationOf(panel.currentResult()), work._view.volume

    panel.results.goTo(40)
    strokes = []
    for frame in range(40, 40 + STEPS):
        desktop.paint(segmentation, "calcium", volume, (SIZE // 2, SIZE // 4, frame), 0.3)  # Slicer's own part
        strokes.append(_timed(desktop, lambda: None))
    _told("numbers after a stroke (median)", _median(strokes))
    _told("strokes kept beside the data until none is left", _timed(desktop, lambda: _kept(desktop, work)))
    before = scene.reviewed(panel.currentResult())  # of few studies one comes up again, with the ticks of the first time
    reviewed = [_timed(desktop, panel.ui.reviewedNextButton.click) for _ in range(STEPS)]
    _told("reviewed and next (median)", _median(reviewed))
    _told("uncertain", _timed(desktop, panel.ui.nextUncertainButton.click))
    _told("keep edit", _timed(desktop, work.save))
    assert len(scene.reviewed(panel.currentResult()) - before) == STEPS
    work.leave()


def _clicks(desktop, panel) -> None:
    """Two clicks on a frame without any label, with a dark deposit in the wall of a round lumen: the lumen is found first."""
    import slicer
    from LesionReadingScene.scene import add_volume, volume_grid

    rows, columns = np.indices((FULL_SIZE, FULL_SIZE)) - (FULL_SIZE - 1) / 2
    radius_mm, angle = np.hypot(rows, columns) * PIXEL_MM, np.arctan2(rows, columns)
    deposit = (radius_mm > LUMEN_MM + 0.15) & (radius_mm < LUMEN_MM + 0.55) & (angle > ENDS[0]) & (angle < ENDS[1])
    grey = np.where(radius_mm < LUMEN_MM, 8, np.where(deposit, 60, 140)) + np.random.default_rng(0).integers(0, 20, rows.shape)
    spacing = Spacing(PIXEL_MM, PIXEL_MM, FRAME_MM, "drawn", "drawn")
    volume = add_volume(np.stack([grey.astype(np.uint8)] * 2), even_grid((2, *grey.shape), spacing), "drawn")
    panel.chooseInput(volume)
    panel.ui.byHandButton.click()
    panel.results.goTo(0)
    desktop.process_events()
    pixels, found = (LUMEN_MM + 0.35) / PIXEL_MM, []
    places = [(0, FULL_SIZE / 2 + pixels * np.sin(end), FULL_SIZE / 2 + pixels * np.cos(end)) for end in ENDS]
    for _ in range(STEPS):
        panel.ui.markButton.click()
        node = slicer.mrmlScene.GetNodeByID(slicer.app.applicationLogic().GetSelectionNode().GetActivePlaceNodeID())
        _place(node, volume_grid(volume), places[0])
        found.append(_timed(desktop, lambda node=node: _place(node, volume_grid(volume), places[1])))
        assert panel.results.measurement.frames[0].area_mm2 > 0, panel.ui.markLabel.text
        panel.ui.segmentEditorWidget.undo()
        desktop.process_events()
    _told("the second click, on a frame of 1024 x 1024 without labels", _median(found))
    _told("the same, the slowest", max(found))


def _place(node, grid, index) -> None:
    x, y, z = grid.lps_mm(index)
    node.AddControlPointWorld(-x, -y, z)


def _write_studies(folder: Path, labels: np.ndarray, grid, studies: int) -> None:
    """One pullback under many names, and the result that a model has left of it."""
    grain = np.random.default_rng(0).integers(0, 20, labels.shape, np.uint8)
    first = folder / "study_001" / "pullback.nrrd"
    first.parent.mkdir()
    write_nrrd(first, np.where(labels == 3, np.uint8(10), np.uint8(120)) + grain, grid)
    for number in range(2, studies + 1):
        other = folder / f"study_{number:03d}" / "pullback.nrrd"
        other.parent.mkdir()
        os.link(first, other)
    result = folder / ".result"
    result.mkdir()
    write_seg_nrrd(result / "segmentation.seg.nrrd", labels, grid, SEGMENTS)
    (result / "measurements.json").write_text(json.dumps({"cautions": []}))


def _kept(desktop, work) -> None:
    desktop.wait_until(lambda: not work._autosaving.pending, 120)


def _timed(desktop, job: Callable[[], object]) -> Figures:
    """Wall and processor seconds of a job and what follows from it, and for how long at most it held the event loop (s)."""
    wall, processor = time.perf_counter(), time.process_time()
    with desktop.longest_pause() as pause:
        job()
        desktop.process_events()
    return time.perf_counter() - wall, time.process_time() - processor, pause.longest_ms / 1000


def _median(figures: list[Figures]) -> Figures:
    return tuple(map(statistics.median, zip(*figures, strict=True)))


def _told(what: str, figures: Figures) -> None:
    print(f"{what:62}{figures[0]:6.3f} s{figures[1]:9.3f} s{1000 * figures[2]:11.0f} ms", flush=True)


if __name__ == "__main__":
    main()

"""Time of OCTCalcium's panel for a pullback of 375 frames of 512 x 512: the scene update after a run, an edit, a step, the vessel.

Run by hand: ``python Testing/benchmarks/panel.py [SIZE]``, 1024 for frames of 1024 x 1024. The desktop is the stand-in of the
tests, with Slicer's real scene. The baseline of the scene update is what no panel can do without: measuring the labels of the
finished run. Beside each wall time stands the processor time, which depends less on what else the machine does.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path

from LesionReadingLib.geometry.grid import even_grid

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / folder) for folder in ("Testing", "Testing/support", "LesionReading", "OCTCalcium")]

import numpy as np  # noqa: E402
from desktop import start  # noqa: E402
from LesionReadingLib.geometry.spacing import Spacing  # noqa: E402
from LesionReadingLib.labels.seg_nrrd import write_seg_nrrd  # noqa: E402
from measure import FRAMES, PIXEL_MM, drawn_pullback  # noqa: E402
from measure import SIZE as FULL_SIZE  # noqa: E402
from OCTCalciumLib.measurement.pullback import measure_pullback  # noqa: E402
from OCTCalciumLib.segments import SEGMENTS  # noqa: E402

SIZE = int(sys.argv[1]) if len(sys.argv) > 1 else 512
FRAME_MM, EDITS = 0.2, 9


def timed(job) -> tuple[float, float]:
    """Wall and processor seconds of a job."""
    wall, processor = time.perf_counter(), time.process_time()
    job()
    return time.perf_counter() - wall, time.process_time() - processor


def print_row(what: str, seconds: tuple[float, float]) -> None:
    """Print a row."""
    print(f"{what:58} {seconds[0]:7.3f} s (processor {seconds[1]:.3f} s)")


def main() -> None:
    desktop = start()
    panel = desktop.load_module(ROOT / "OCTCalcium" / "OCTCalcium.py")
    from LesionReadingPanel.views import jumpToSlice
    from LesionReadingScene.scene import add_volume, result_of
    from OCTCalciumPanel import pullback_results

    labels = drawn_pullback(SIZE)
    pixel_mm = PIXEL_MM * FULL_SIZE / SIZE
    spacing = Spacing(pixel_mm, pixel_mm, FRAME_MM, "drawn", "drawn")
    grid = even_grid(labels.shape, spacing)
    grey = np.where(labels == 3, 10, 120).astype(np.uint8)
    volume = add_volume(grey, grid, "drawn")
    panel.ui.inputSelector.setCurrentNode(volume)
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "out").mkdir()
        write_seg_nrrd(Path(folder) / "out" / "segmentation.seg.nrrd", labels, grid, SEGMENTS)
        measure_pullback(labels[:2], spacing)
        baseline = timed(lambda: measure_pullback(labels, spacing))

        def take() -> None:
            panel.analysedVolume, panel.analysedOptions = volume, {"model": ""}
            panel.takeResults(Path(folder))
            panel.refresh()
            desktop.process_events()

        whole = timed(take)
    print(f"{FRAMES} frames of {SIZE} x {SIZE}")
    print_row("measuring alone (the baseline)", baseline)
    print_row("scene update after the run", whole)
    print(f"{'scene update / measuring alone':58} {whole[0] / baseline[0]:7.2f} (processor {whole[1] / baseline[1]:.2f})")

    segmentation = pullback_results.segmentationOf(result_of(volume, pullback_results.KIND))
    edits = []
    for frame in range(40, 40 + 10 * EDITS, 10):
        jumpToSlice(volume, frame)
        desktop.paint(segmentation, "calcium", volume, (SIZE // 2, SIZE // 4, frame), 0.3)
        edits.append(timed(desktop.process_events))
    median = tuple(map(statistics.median, zip(*edits, strict=True)))
    print_row("numbers, table, plot, map and arc after an edit (median)", median)
    print_row("the same, the slowest", max(edits))
    steps = [timed(lambda frame=frame: jumpToSlice(volume, frame)) for frame in range(200, 220)]
    print_row("to the next frame, without drawing the view (median)", tuple(map(statistics.median, zip(*steps, strict=True))))
    print_row("the vessel for volume rendering", timed(lambda: panel.ui.renderingCheckBox.click()))


if __name__ == "__main__":
    main()

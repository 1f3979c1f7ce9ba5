"""A pullback of 375 frames whose masks are right, gone through in OCTCalcium's panel: keys, and the panel's own time for each.

Run by hand: ``python Testing/benchmarks/reviewing.py``. The desktop is the stand-in of the tests, with Slicer's real scene. What is
left of three minutes is the reader's: so long may one look at each frame.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SUPPORT = [f"Testing/support{folder}" for folder in ("", "/drawn", "/panels")]
sys.path[:0] = [str(ROOT / folder) for folder in ("Testing", *SUPPORT, "LesionReading", "OCTCalcium")]

import numpy as np  # noqa: E402
from desktop import start  # noqa: E402
from drawn_result import write_run  # noqa: E402
from LesionReadingLib.geometry.grid import even_grid  # noqa: E402
from LesionReadingLib.geometry.spacing import Spacing  # noqa: E402
from measure import FRAMES, PIXEL_MM, drawn_pullback  # noqa: E402
from measure import SIZE as FULL_SIZE  # noqa: E402
from oct_panel import take_run  # noqa: E402

SIZE, FRAME_MM, LIMIT_S, STRETCH = 512, 0.2, 180, 25


def main() -> None:
    desktop = start()
    panel = desktop.load_module(ROOT / "OCTCalcium" / "OCTCalcium.py")
    import slicer
    from LesionReadingScene.scene import add_volume, reviewed, set_reviewed

    pixel_mm = PIXEL_MM * FULL_SIZE / SIZE
    labels = drawn_pullback(SIZE)
    grid = even_grid(labels.shape, Spacing(pixel_mm, pixel_mm, FRAME_MM, "drawn", "drawn"))
    volume = add_volume(np.where(labels == 3, 10, 120).astype(np.uint8), grid, "drawn")
    panel.ui.inputSelector.setCurrentNode(volume)
    with tempfile.TemporaryDirectory() as folder:
        take_run(panel, volume, write_run(Path(folder), volume, labels))
    panel.ui.editButton.collapsed = False
    result, ui = panel.currentResult(), panel.ui
    print(f"{FRAMES} frames of {SIZE} x {SIZE}, {LIMIT_S} s for all of them")

    def pressed(what: str, keys: Callable[[], list]) -> None:
        """Go to the first frame with nothing ticked, and press keys until all is."""
        set_reviewed(result, range(FRAMES), False)
        panel.results.goTo(0)
        desktop.process_events()
        wall, processor, held = time.perf_counter(), time.process_time(), []
        for key in keys():
            with desktop.longest_pause() as pause:
                key.click()
                slicer.app.processEvents()
            held.append(pause.longest_ms)
        wall_s, processor_s = time.perf_counter() - wall, time.process_time() - processor
        assert len(reviewed(result)) == FRAMES, what
        wall_ms, processor_ms = (1000 * seconds / len(held) for seconds in (wall_s, processor_s))
        print(
            f"{what}: {len(held)} keys, {wall_ms:.0f} ms for each (processor {processor_ms:.0f} ms), {wall_s:.0f} s together "
            f"(processor {processor_s:.0f} s); event loop held {statistics.median(held):.0f} ms, at most {max(held):.0f} ms; "
            f"left for the reader {(LIMIT_S - wall_s) / FRAMES:.2f} s a frame"
        )

    pressed("N on every frame", lambda: [ui.reviewedNextButton] * FRAMES)
    walk = [*[ui.nextButton] * (STRETCH - 1), ui.reviewedRangeButton, ui.nextButton]
    pressed(f". through the frames, Shift+N on every {STRETCH}th", lambda: (walk * (FRAMES // STRETCH))[:-1])
    ui.uncertainFirstCheckBox.click()
    pressed("N on every frame, uncertain first", lambda: [ui.reviewedNextButton] * FRAMES)


if __name__ == "__main__":
    main()

"""Time of measuring a pullback of 375 frames of 1024 x 1024, whole and after the edit of one frame.

Run by hand: ``PYTHONPATH=LesionReading:OCTCalcium python Testing/benchmarks/measure.py``. The baseline does the plain thing on
every frame: angles of all its pixels, one degree after the other. Beside each wall time stands the processor time, which depends
less on what else the machine does.
"""

from __future__ import annotations

import time

import numpy as np
from LesionReadingLib.geometry.spacing import Spacing
from OCTCalciumLib.measurement.pullback import measure_pullback, remeasure
from scipy import ndimage

FRAMES, SIZE, PIXEL_MM = 375, 1024, 0.007
SPACING = Spacing(PIXEL_MM, PIXEL_MM, 0.2)
BASELINE_FRAMES = range(0, FRAMES, 25)


def drawn_pullback(size: int = SIZE) -> np.ndarray:
    """Label map with a lumen, a guidewire that wanders around, and calcium of 0 to 300 degrees in most frames.

    ``size``: rows and columns; the vessel fills the same part of every size.
    """
    down, right = (np.indices((size, size)) - (size - 1) / 2) * PIXEL_MM * SIZE / size
    radius, angle = np.hypot(down, right), np.degrees(np.arctan2(down, right)) % 360
    labels = np.zeros((FRAMES, size, size), np.uint8)
    for number, frame in enumerate(labels):
        frame[radius < 1.4] = 3
        frame[(radius >= 1.5) & (radius < 2.2) & ((angle - number) % 360 < 300 * np.sin(number / 60))] = 1
        frame[(radius >= 0.6) & (radius < 2.4) & ((angle - 2 * number) % 360 < 20)] = 2
    return labels


def plain_frame(labels: np.ndarray) -> tuple[float, float, float]:
    """Calcium area, arc and largest thickness the plain way: every pixel's angle and distance, then degree after degree."""
    rows, columns = np.indices(labels.shape)
    lumen = labels == 3
    down, right = (rows - rows[lumen].mean()) * PIXEL_MM, (columns - columns[lumen].mean()) * PIXEL_MM
    radius, degree = np.hypot(down, right), (np.degrees(np.arctan2(down, right)) % 360).astype(int)
    calcium = labels == 1
    ndimage.label(calcium)
    thickness = np.zeros(360)
    for angle in range(360):
        distances = radius[calcium & (degree == angle)]
        if distances.size:
            thickness[angle] = np.ptp(distances) + PIXEL_MM
    return calcium.sum() * PIXEL_MM**2, float((thickness > 0).sum()), float(thickness.max())


def timed(job) -> tuple[float, float, object]:
    """Wall seconds, processor seconds and result of a job."""
    wall, processor = time.perf_counter(), time.process_time()
    result = job()
    return time.perf_counter() - wall, time.process_time() - processor, result


def main() -> None:
    labels = drawn_pullback()
    measure_pullback(labels[:2], SPACING)
    whole_s, whole_cpu_s, measurement = timed(lambda: measure_pullback(labels, SPACING))
    edit_s, edit_cpu_s, _ = timed(lambda: remeasure(measurement, labels[100], 100))
    plain_s, plain_cpu_s, plain = timed(lambda: [plain_frame(labels[frame]) for frame in BASELINE_FRAMES])
    plain_s, plain_cpu_s = (value * FRAMES / len(BASELINE_FRAMES) for value in (plain_s, plain_cpu_s))
    print(f"whole pullback {FRAMES} x {SIZE} x {SIZE}: {whole_s:.2f} s (processor {whole_cpu_s:.2f} s)")
    print(f"one edited frame: {edit_s * 1e3:.0f} ms (processor {edit_cpu_s * 1e3:.0f} ms)")
    print(f"plain baseline, from {len(BASELINE_FRAMES)} frames: {plain_s:.1f} s (processor {plain_cpu_s:.1f} s)")
    print(f"ratio: {plain_s / whole_s:.0f} x (processor {plain_cpu_s / whole_cpu_s:.0f} x)")
    areas = [(measurement.frames[frame].area_mm2, area) for frame, (area, _, _) in zip(BASELINE_FRAMES, plain, strict=True)]
    print(f"largest difference in area: {max(abs(ours - theirs) for ours, theirs in areas):.2g} mm2")


if __name__ == "__main__":
    main()

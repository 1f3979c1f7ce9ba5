"""Time of segmenting 375 frames with a bundle's network, against the plain way in the same run.

Run by hand: ``PYTHONPATH=LesionReading:OCTCalcium python Testing/benchmarks/predict.py [MODEL] [--size 1024]``.
The plain way is what one writes first: one frame at a time, float32, rows before channels, batch norms not folded. It is timed
on every fifth frame. Both use the same weights, frames and number of threads; beside each wall time stands the processor
time, which depends less on what else the machine does.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
import torch
from LesionReadingLib.geometry.grid import even_grid
from LesionReadingLib.geometry.spacing import Spacing
from LesionReadingLib.model.bundle import find_bundle
from LesionReadingLib.model.prediction import load_network
from OCTCalciumLib.labels import NAMES, TASK
from OCTCalciumLib.model.inference import NETWORKS, segment
from OCTCalciumLib.model.post_processing import post_processed
from OCTCalciumLib.model.preparation import Letterbox
from OCTCalciumLib.phantom.pullback import draw_pullback
from OCTCalciumLib.reading.pullback import Pullback

FRAMES, DRAWN = 375, 25


def phantom_frames(size: int) -> np.ndarray:
    """As many frames as a pullback has, of a phantom patient; a few drawn ones repeated, which costs a network as much."""
    drawn = draw_pullback(11, FRAMES, size, indices=range(0, FRAMES, FRAMES // DRAWN)).frames
    return drawn[np.arange(FRAMES) % len(drawn)]


@torch.inference_mode()
def plain_labels(network: torch.nn.Module, frames: np.ndarray) -> np.ndarray:
    """Labels the plain way, frame by frame."""
    box = Letterbox(*frames.shape[1:])
    found = []
    for frame in frames:
        image = torch.tensor(box.square(frame))[None, None].float() / 255
        found.append(box.frame_labels(post_processed(network(image).argmax(dim=1)[0].to(torch.uint8).numpy())))
    return np.stack(found)


def dice_per_class(first: np.ndarray, second: np.ndarray) -> list[float]:
    """Agreement of two label maps, class by class; 1 where neither has the class."""
    return [
        2 * int(((first == k) & (second == k)).sum()) / max(int((first == k).sum() + (second == k).sum()), 1)
        if (first == k).any() or (second == k).any()
        else 1.0
        for k in range(len(NAMES))
    ]


def timed(job) -> tuple[float, float, np.ndarray]:
    """Wall seconds, processor seconds and result of a job."""
    wall, processor = time.perf_counter(), time.process_time()
    result = job()
    return time.perf_counter() - wall, time.process_time() - processor, result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", nargs="?", default="oct_calcium_two_step")
    parser.add_argument("--size", type=int, default=1024)
    chosen = parser.parse_args()
    bundle = find_bundle(chosen.model, TASK)
    frames = phantom_frames(chosen.size)
    pullback = Pullback(even_grid(frames.shape, Spacing(None, None, None)), read=lambda first, stop: iter(frames[first:stop]))
    fast_s, fast_cpu_s, fast = timed(lambda: segment(pullback, bundle, "cpu", lambda done, total: None).labels)

    network = load_network(bundle, NETWORKS)
    some = slice(0, FRAMES, 5)
    plain_labels(network, frames[:2])
    plain_s, plain_cpu_s, plain = timed(lambda: plain_labels(network, frames[some]))
    share = len(frames) / len(frames[some])

    print(f"{FRAMES} frames of {chosen.size} x {chosen.size}, {bundle.name}, {torch.get_num_threads()} threads")
    print(f"segment, with loading and warm-up: {fast_s:.1f} s, processor {fast_cpu_s:.1f} s")
    print(f"the plain way:                     {plain_s * share:.1f} s, processor {plain_cpu_s * share:.1f} s")
    print(f"times faster:                      {plain_s * share / fast_s:.1f}, processor {plain_cpu_s * share / fast_cpu_s:.1f}")
    agreed = ", ".join(f"{name} {value:.4f}" for name, value in zip(NAMES, dice_per_class(fast[some], plain), strict=True))
    print(f"agreement of the labels (Dice):    {agreed}")


if __name__ == "__main__":
    main()

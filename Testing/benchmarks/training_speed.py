"""How quick a training of the OCT module's first step is: what loading costs, and what the engine gains over a plain loop.

    python -m Testing.benchmarks.training_speed DATA [--preset best] [--steps 20] [--device cpu] [KEY=VALUE ...]

DATA is a folder of ``python -m training oct make-data``. Printed are pictures a second of

- *compute alone*: one batch, prepared once, learnt from again and again;
- *the engine*: batches read, augmented and learnt from, as a training does it;
- *a plain loop*: the same network and batches in one process, float32, channels first, Adam step by step, nothing read ahead;

the engine's share of compute alone, its gain over the plain loop, and the most memory. On a GPU time is the clock's; on a
processor, which others may be using, it is this process's processor time.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import torch
from LesionReadingLib.model.prediction import choose_device
from torch.utils.data import DataLoader

from training.engine.loop import Batches, same_kernels
from training.engine.presets import chosen_options, preset_values
from training.engine.tracking import memory_mb
from training.oct.data import load_patients
from training.oct.train import FrameTask, Recipe, new_training

DONE = 0.9  # whole frames, the last part of a training


def pictures_per_second(step: Callable[[int], None], steps: int, batch: int, device: torch.device) -> float:
    """How many pictures a second ``step`` learns from, after one step that is not counted."""
    step(0)
    clock = time.process_time if device.type == "cpu" else time.perf_counter
    if device.type == "cuda":
        torch.cuda.synchronize()
    began = clock()
    for number in range(1, steps + 1):
        step(number)
    if device.type == "cuda":
        torch.cuda.synchronize()
    return steps * batch / (clock() - began)


def compute_alone(task: FrameTask, recipe: Recipe, device: torch.device) -> Callable[[int], None]:
    training = new_training(recipe, device)
    inputs = task.prepare(task.batch(0), 0, DONE)

    def step(number: int) -> None:
        training.module.train()
        training.learn(inputs, DONE)

    return step


def engine(task: FrameTask, recipe: Recipe, device: torch.device, steps: int) -> Callable[[int], None]:
    training = new_training(recipe, device)
    pinned = device.type == "cuda" and recipe.workers > 0
    batches = iter(DataLoader(Batches(task, steps + 1), batch_size=None, num_workers=recipe.workers, pin_memory=pinned))

    def step(number: int) -> None:
        training.module.train()
        training.learn(task.prepare(next(batches), number, DONE), DONE)

    return step


def plain_loop(task: FrameTask, recipe: Recipe, device: torch.device) -> Callable[[int], None]:
    plain = replace(recipe, precision="float32")
    module = new_training(plain, device).module.to(memory_format=torch.contiguous_format).train()
    optimizer = torch.optim.Adam(module.parameters(), recipe.rate, foreach=False)

    def step(number: int) -> None:
        optimizer.zero_grad()
        module(*task.prepare(task.batch(number), number, DONE)).backward()
        optimizer.step()

    return step


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--preset", default="best")
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--device", default="auto")
    chosen, overrides = parser.parse_known_args()
    recipe, _ = chosen_options(preset_values("oct", chosen.preset), overrides, Recipe)
    device = choose_device(chosen.device)
    same_kernels(device)
    task = FrameTask(load_patients(chosen.data), recipe, device)

    def rate(step: Callable[[int], None]) -> float:
        return pictures_per_second(step, chosen.steps, recipe.batch, device)

    compute = rate(compute_alone(task, recipe, device))
    learning = rate(engine(task, recipe, device, chosen.steps))
    memory = memory_mb(device)
    plain = rate(plain_loop(task, recipe, device))
    print(f"compute alone {compute:.2f}, engine {learning:.2f}, plain loop {plain:.2f} pictures/s")
    print(f"engine / compute alone {learning / compute:.0%}, engine / plain loop {learning / plain:.2f}, memory {memory:.0f} MB")


if __name__ == "__main__":
    main()

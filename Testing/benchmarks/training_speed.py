"""How quick the first step of a training is: what loading costs, and what the engine gains over a plain loop.

    python -m Testing.benchmarks.training_speed oct DATA [--preset best] [--steps 20] [--done 0.9] [--device cpu] [KEY=VALUE ...]
    python -m Testing.benchmarks.training_speed hematoma DATA ...

DATA is a folder of ``python -m training oct make-data``, or ``hematoma make-data``. Printed are pictures a second of

- *compute alone*: one batch, prepared once, learnt from again and again;
- *the engine*: batches read, augmented and learnt from, as a training does it;
- *a plain loop*: the same network of PyTorch's own layers and the same batches in one process, float32, channels first, Adam step
  by step, nothing read ahead;

the engine's share of compute alone, its gain over the plain loop, and the most memory. On a GPU time is the clock's; on a
processor, which others may be using, it is this process's processor time.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import torch
from LesionReadingLib.model.prediction import choose_device
from torch import nn
from torch.utils.data import DataLoader

from training.engine.loop import Batches, same_kernels
from training.engine.options import TrainingOptions
from training.engine.presets import chosen_options, preset_values
from training.engine.tracking import memory_mb
from training.engine.training import Task, Training
from training.hematoma import train_segmentation as hematoma
from training.hematoma.slices import SliceDataset
from training.oct import train as oct
from training.oct.data import load_patients

NewTraining = Callable[[TrainingOptions, torch.device], Training]


def pictures_per_second(ways: Sequence[Callable[[int], None]], steps: int, batch: int, device: torch.device) -> list[float]:
    """How many pictures a second each way learns from, step by step in turn, so that all are disturbed alike."""
    clock = time.process_time if device.type == "cpu" else time.perf_counter
    seconds = [0.0] * len(ways)
    for number in range(1, steps + 1):
        for place, step in enumerate(ways):
            began = clock()
            step(number)
            if device.type == "cuda":
                torch.cuda.synchronize()
            seconds[place] += clock() - began
    return [steps * batch / each for each in seconds]


def task_of(
    model: str, data: Path, preset: str, overrides: list[str], device: torch.device
) -> tuple[Task, TrainingOptions, NewTraining]:
    """What is learnt, with which options, and what begins such a training."""
    values = preset_values(model, preset)
    if model == "oct":
        recipe, _ = chosen_options(values, overrides, oct.Recipe)
        return oct.FrameTask(load_patients(data), recipe, device), recipe, oct.new_training
    recipe, _ = chosen_options(values["segmentation"], overrides, hematoma.Recipe)
    dataset = SliceDataset(data, recipe.location, recipe.split, recipe.seed, device)
    return hematoma.SegmentationTask(dataset, recipe, device, print), recipe, hematoma.new_training


def compute_alone(task: Task, training: Training, done: float) -> Callable[[int], None]:
    inputs = task.prepare(task.batch(0), 0, done)

    def step(number: int) -> None:
        training.module.train()
        training.learn(inputs, done)

    return step


def engine(task: Task, training: Training, done: float, steps: int) -> Callable[[int], None]:
    workers = training.options.workers
    pinned = training.device.type == "cuda" and workers > 0
    batches = iter(DataLoader(Batches(task, steps + 1), batch_size=None, num_workers=workers, pin_memory=pinned))

    def step(number: int) -> None:
        training.module.train()
        training.learn(task.prepare(next(batches), number, done), done)

    return step


def plain_loop(task: Task, training: Training, done: float) -> Callable[[int], None]:
    module = training.module.to(memory_format=torch.contiguous_format).train()
    for layer in module.modules():
        if isinstance(layer, nn.Conv2d):
            layer.__class__ = nn.Conv2d
    optimizer = torch.optim.Adam(module.parameters(), training.options.rate, foreach=False)

    def step(number: int) -> None:
        optimizer.zero_grad()
        module(*task.prepare(task.batch(number), number, done)).backward()
        optimizer.step()

    return step


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", choices=("oct", "hematoma"))
    parser.add_argument("data", type=Path)
    parser.add_argument("--preset", default="best")
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--done", type=float, default=0.9, help="after which share of the training: early views are small")
    parser.add_argument("--device", default="auto")
    chosen, overrides = parser.parse_known_args()
    device = choose_device(chosen.device)
    same_kernels(device)
    task, recipe, new_training = task_of(chosen.model, chosen.data, chosen.preset, overrides, device)

    learning = engine(task, new_training(recipe, device), chosen.done, chosen.steps)
    learning(0)
    memory = memory_mb(device)
    alone = compute_alone(task, new_training(recipe, device), chosen.done)
    plain = plain_loop(task, new_training(replace(recipe, precision="float32"), device), chosen.done)
    ways = (learning, alone, plain)
    for way in ways[1:]:
        way(0)
    learnt, compute, plainly = pictures_per_second(ways, chosen.steps, recipe.batch, device)
    print(f"compute alone {compute:.2f}, engine {learnt:.2f}, plain loop {plainly:.2f} pictures/s")
    print(f"engine / compute alone {learnt / compute:.0%}, engine / plain loop {learnt / plainly:.2f}, memory {memory:.0f} MB")


if __name__ == "__main__":
    main()

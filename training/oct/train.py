"""The training loop: streams frames, learns for as long as it is given, can be stopped and taken up again at any checkpoint."""

from __future__ import annotations

import json
import math
import os
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from LesionReadingLib.errors import InputError
from monai.losses import DiceCELoss
from OCTCalciumLib.labels import NAMES
from OCTCalciumLib.network import DeepLabV3Plus
from OCTCalciumLib.preparation import network_input
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch.optim.swa_utils import AveragedModel

from .augment import augmented_batch
from .data import is_watched, load_patients, random_batch

CHECKPOINT = "checkpoint.safetensors"
# Calcium and guidewire are few pixels of a frame; background and lumen are most.
CLASS_WEIGHTS = (1.0, 2.0, 1.5, 1.0)
WARM_UP = 0.03


@dataclass(frozen=True)
class Recipe:
    """What a training is made of.

    Attributes:
        width: base channels of the network (64 is the published ResNet-50).
        batch: frames per step.
        rate: highest learning rate; the source study's is 0.001.
        stages: pairs (share of the training after which it ends, side of the view in network pixels): small views first, because
            they are quick, whole frames at the end, because these are what the network will see.
        average: decay of the running average of the weights, which is what is kept.
        seed: of weights, frames and augmentation.
    """

    width: int = 16
    batch: int = 8
    rate: float = 1e-3
    stages: tuple[tuple[float, int], ...] = ((0.65, 320), (1.0, 512))
    average: float = 0.998
    weight_decay: float = 1e-4
    seed: int = 0

    def window(self, done: float) -> int:
        """Side of the view after the share ``done`` of the training."""
        return next(side for end, side in self.stages if done < end or end == self.stages[-1][0])

    def rate_at(self, done: float) -> float:
        """Learning rate after the share ``done`` of the training: a short rise, then half a cosine down to a hundredth."""
        rise = min(1.0, (done + 1e-3) / WARM_UP)
        return self.rate * rise * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * min(done, 1.0))))

    def averaged(self, average: torch.Tensor, newest: torch.Tensor, count: torch.Tensor) -> torch.Tensor:
        """Move the running average of a tensor towards its newest value; quickly at first, when the weights still change much."""
        decay = min(self.average, (1 + float(count)) / (10 + float(count)))
        return average + (1 - decay) * (newest - average)


class Training:
    """A training in progress: the network, its running average, the optimiser, and how far it has come."""

    def __init__(self, recipe: Recipe, device: torch.device) -> None:
        torch.manual_seed(recipe.seed)
        self.recipe, self.device = recipe, device
        self.network = DeepLabV3Plus(len(NAMES), recipe.width).to(device, memory_format=torch.channels_last)
        self.average = AveragedModel(self.network, avg_fn=recipe.averaged, use_buffers=True)
        self.optimizer = torch.optim.AdamW(self.network.parameters(), recipe.rate, weight_decay=recipe.weight_decay)
        self.loss = DiceCELoss(
            to_onehot_y=True, softmax=True, batch=True, weight=torch.tensor(CLASS_WEIGHTS, device=device), label_smoothing=0.02
        )
        self.random = torch.Generator(device).manual_seed(recipe.seed)
        self.step_count, self.seconds = 0, 0.0

    def step(self, squares: np.ndarray, labels: np.ndarray, done: float) -> float:
        """Learn from one batch, uint8 (batch, size, size) each; give the loss."""
        for group in self.optimizer.param_groups:
            group["lr"] = self.recipe.rate_at(done)
        on_device = (torch.from_numpy(array).to(self.device) for array in (squares, labels))
        images, targets = augmented_batch(*on_device, self.recipe.window(done), self.random)
        images = images.to(memory_format=torch.channels_last)
        self.network.train()
        with torch.autocast(self.device.type, torch.bfloat16):
            scores = self.network.scores_at_stride_4(images)
        scores = torch.nn.functional.interpolate(scores.float(), size=targets.shape[-2:], mode="bilinear", align_corners=False)
        loss = self.loss(scores, targets)
        self.optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0, error_if_nonfinite=True)
        self.optimizer.step()
        self.average.update_parameters(self.network)
        self.step_count += 1
        return float(loss.detach())

    def save(self, folder: Path) -> None:
        """Write a checkpoint; it replaces the one before it in one go."""
        tensors = {f"network.{name}": value for name, value in self.network.state_dict().items()}
        tensors |= {f"average.{name}": value for name, value in self.average.state_dict().items()}
        for index, state in self.optimizer.state_dict()["state"].items():
            tensors |= {f"optimizer.{index}.{name}": value for name, value in state.items()}
        tensors = {name: value.contiguous() for name, value in tensors.items()}
        facts = {"recipe": json.dumps(asdict(self.recipe)), "step_count": str(self.step_count), "seconds": str(self.seconds)}
        save_file(tensors, folder / f"{CHECKPOINT}.part", facts)
        os.replace(folder / f"{CHECKPOINT}.part", folder / CHECKPOINT)


def resume(folder: Path, device: torch.device) -> Training:
    """Take a training up again from its last checkpoint, with the recipe that it was begun with."""
    with safe_open(folder / CHECKPOINT, "pt") as file:
        facts = file.metadata()
    training = Training(_recipe_from_json(facts["recipe"]), device)
    tensors = load_file(folder / CHECKPOINT, device=str(device))
    training.network.load_state_dict(_part(tensors, "network."))
    training.average.load_state_dict(_part(tensors, "average."))
    state: dict[int, dict[str, torch.Tensor]] = {}
    for name, value in _part(tensors, "optimizer.").items():
        index, field = name.split(".", 1)
        state.setdefault(int(index), {})[field] = value
    groups = training.optimizer.state_dict()["param_groups"]
    training.optimizer.load_state_dict({"state": state, "param_groups": groups})
    training.step_count, training.seconds = int(facts["step_count"]), float(facts["seconds"])
    training.random.manual_seed(training.recipe.seed + training.step_count)
    torch.manual_seed(training.recipe.seed + training.step_count)
    return training


def trained_network(folder: Path) -> tuple[DeepLabV3Plus, Recipe]:
    """Give the averaged network of a training folder's last checkpoint, ready to predict, and its recipe.

    Raises:
        InputError: there is no checkpoint.
    """
    if not (folder / CHECKPOINT).exists():
        raise InputError(f"{folder} holds no {CHECKPOINT}; train first with: python -m training oct train DATA {folder}")
    with safe_open(folder / CHECKPOINT, "pt") as file:
        recipe = _recipe_from_json(file.metadata()["recipe"])
    network = DeepLabV3Plus(len(NAMES), recipe.width)
    network.load_state_dict(_part(load_file(folder / CHECKPOINT), "average.module."))
    return network.eval(), recipe


def train(
    data: Path, folder: Path, recipe: Recipe, minutes: float, device: torch.device, weights: Path | None = None, say=print
) -> None:
    """Train for ``minutes`` in all (an earlier part included), with a checkpoint every three minutes.

    Args:
        data: folder of ``make_data``; patients that appear while training are taken in.
        folder: for checkpoint and log; a checkpoint there is taken up again, its recipe before ``recipe``.
        weights: safetensors of a network of the same width to begin with, for example of ImageNet or of an earlier bundle; tensors
            that fit by name and shape are taken.
        say: called with each line of the log.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if (folder / CHECKPOINT).exists():
        training = resume(folder, device)
        say(f"taken up again at step {training.step_count}, {training.seconds / 60:.1f} min")
    else:
        training = Training(recipe, device)
        if weights is not None:
            say(f"{begin_with(training.network, weights)} tensors taken from {weights.name}")
    frames = np.random.default_rng([training.recipe.seed, training.step_count])
    patients = load_patients(data)
    losses: list[float] = []
    started = checkpointed = time.monotonic() - training.seconds
    checkpointed += training.seconds
    while training.seconds < minutes * 60:
        learning = [patient for patient in patients if not is_watched(patient)]
        losses.append(training.step(*random_batch(learning, training.recipe.batch, frames), training.seconds / (minutes * 60)))
        training.seconds = time.monotonic() - started
        if training.step_count % 50 == 0:
            say(_log_line(training, losses, len(learning), minutes))
            losses.clear()
            patients = load_patients(data)
        if time.monotonic() - checkpointed > 180:
            training.save(folder)
            checkpointed = time.monotonic()
            say(_watched_line(training, patients))
    training.save(folder)
    say(_watched_line(training, patients))


def begin_with(network: DeepLabV3Plus, weights: Path) -> int:
    """Copy the tensors that fit by name and shape from a safetensors file into the network; give how many did."""
    own = network.state_dict()
    fitting = {k: v for k, v in load_file(weights).items() if k in own and own[k].shape == v.shape}
    network.load_state_dict(own | fitting)
    return len(fitting)


@torch.inference_mode()
def watched_overlap(network: torch.nn.Module, patients, device: torch.device, frames_each: int = 2) -> np.ndarray:
    """IoU of each class over a few frames of each watched patient; nan where a class is absent."""
    counts = np.zeros((len(NAMES), len(NAMES)), np.int64)
    network.eval()
    for patient in (p for p in patients if is_watched(p)):
        picked = np.linspace(0, patient.pixels.shape[1] - 1, frames_each + 2).round().astype(int)[1:-1]
        images = network_input(torch.from_numpy(patient.pixels[0, picked]).to(device))
        with torch.autocast(device.type, torch.bfloat16):
            found = network(images.to(memory_format=torch.channels_last)).argmax(1).cpu().numpy()
        pairs = patient.pixels[1, picked].astype(np.int64) * len(NAMES) + found
        counts += np.bincount(pairs.ravel(), minlength=counts.size).reshape(counts.shape)
    both = np.diag(counts)
    with np.errstate(invalid="ignore"):
        return both / (counts.sum(0) + counts.sum(1) - both)


def _log_line(training: Training, losses: list[float], patients: int, minutes: float) -> str:
    done = training.seconds / (minutes * 60)
    per_second = training.step_count * training.recipe.batch / max(training.seconds, 1e-6)
    return (
        f"{training.seconds / 60:6.1f} min  step {training.step_count:6d}  loss {np.mean(losses):.4f}  "
        f"rate {training.recipe.rate_at(done):.5f}  view {training.recipe.window(done)}  patients {patients}  "
        f"{per_second:.1f} frames/s"
    )


def _watched_line(training: Training, patients) -> str:
    overlap = watched_overlap(training.average, patients, training.device)
    figures = "  ".join(f"{name} {value:.3f}" for name, value in zip(NAMES, overlap, strict=True))
    return f"{training.seconds / 60:6.1f} min  checkpoint; IoU of watched patients: {figures}"


def _recipe_from_json(text: str) -> Recipe:
    values = json.loads(text)
    values["stages"] = tuple(map(tuple, values["stages"]))
    return Recipe(**values)


def _part(tensors: dict[str, torch.Tensor], prefix: str) -> dict[str, torch.Tensor]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}

"""The training loop: streams frames, learns for as long as it is given, can be stopped and taken up again at any checkpoint."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from LesionReadingLib.errors import InputError
from monai.losses import DiceCELoss
from OCTCalciumLib.labels import NAMES
from OCTCalciumLib.model.network import DeepLabV3Plus
from OCTCalciumLib.model.preparation import network_input
from safetensors.torch import load_file

from ..cases import note_learnt
from ..learner import LOG_EVERY_STEPS, Budget, Learner, Pace, Watched, autocast, averaged_weights, checkpoint_recipe
from .augment import augmented_batch
from .data import is_watched, load_patients, random_batch

CHECKPOINT = "checkpoint.safetensors"
# Calcium and guidewire are few pixels of a frame; background and lumen are most.
CLASS_WEIGHTS = (1.0, 2.0, 1.5, 1.0)
ON_PROCESSOR = torch.bfloat16


@dataclass(frozen=True)
class Recipe(Pace):
    """What a training is made of, besides its pace; the source study's highest learning rate is the pace's, 0.001.

    Attributes:
        width: base channels of the network (64 is the published ResNet-50).
        stages: pairs (share of the training after which it ends, side of the view in network pixels): small views first, because
            they are quick, whole frames at the end, because these are what the network will see.
    """

    width: int = 16
    stages: tuple[tuple[float, int], ...] = ((0.65, 320), (1.0, 512))

    def window(self, done: float) -> int:
        """Side of the view after the share ``done`` of the training."""
        return next(side for end, side in self.stages if done < end or end == self.stages[-1][0])


class Training(Learner):
    """A training in progress."""

    def __init__(self, recipe: Recipe, device: torch.device) -> None:
        torch.manual_seed(recipe.seed)
        super().__init__(DeepLabV3Plus(len(NAMES), recipe.width), recipe, device)
        self.loss = DiceCELoss(
            to_onehot_y=True, softmax=True, batch=True, weight=torch.tensor(CLASS_WEIGHTS, device=device), label_smoothing=0.02
        )

    def step(self, squares: np.ndarray, labels: np.ndarray, done: float) -> float:
        """Learn from one batch, uint8 (batch, size, size) each; give the loss."""
        on_device = (torch.from_numpy(array).to(self.device) for array in (squares, labels))
        images, targets = augmented_batch(*on_device, self.recipe.window(done), self.random)
        images = images.to(memory_format=torch.channels_last)
        self.network.train()
        with autocast(self.device, ON_PROCESSOR):
            scores = self.network.scores_at_stride_4(images)
        scores = torch.nn.functional.interpolate(scores.float(), size=targets.shape[-2:], mode="bilinear", align_corners=False)
        return self.learn(self.loss(scores, targets), done)


def resume(folder: Path, device: torch.device) -> Training:
    """Take a training up again from its last checkpoint, with the recipe that it was begun with."""
    training = Training(_recipe_of(folder), device)
    training.take_up(folder / CHECKPOINT)
    return training


def trained_network(folder: Path) -> tuple[DeepLabV3Plus, Recipe]:
    """Give the averaged network of a training folder's last checkpoint, ready to predict, and its recipe.

    Raises:
        InputError: there is no checkpoint.
    """
    if not (folder / CHECKPOINT).exists():
        raise InputError(f"{folder} holds no {CHECKPOINT}; train first with: python -m training oct train DATA {folder}")
    recipe = _recipe_of(folder)
    network = DeepLabV3Plus(len(NAMES), recipe.width)
    network.load_state_dict(averaged_weights(folder / CHECKPOINT))
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
            say(f"{training.begin_with(load_file(weights))} tensors taken from {weights.name}")
    frames = np.random.default_rng([training.recipe.seed, training.step_count])
    patients = load_patients(data)

    def step(done: float) -> float:
        nonlocal patients
        if training.step_count % LOG_EVERY_STEPS == 0:
            patients = load_patients(data)
            note_learnt(folder, [patient.number for patient in patients if not is_watched(patient)])
        learning = [patient for patient in patients if not is_watched(patient)]
        if not learning:
            raise InputError(f"{data} holds only patients to watch, whose number ends in 0; add others to learn from.")
        return training.step(*random_batch(learning, training.recipe.batch, frames), done)

    def watch() -> Watched:
        overlap = watched_overlap(training.average, patients, device)
        told = "  ".join(f"{name} {value:.3f}" for name, value in zip(NAMES, overlap, strict=True))
        return Watched(float(np.nanmean(overlap)), f"IoU of watched patients: {told}")

    training.run(Budget(minutes), folder / CHECKPOINT, step, watch, say)


@torch.inference_mode()
def watched_overlap(network: torch.nn.Module, patients, device: torch.device, frames_each: int = 2) -> np.ndarray:
    """IoU of each class over a few frames of each watched patient; nan where a class is absent."""
    counts = np.zeros((len(NAMES), len(NAMES)), np.int64)
    network.eval()
    for patient in (p for p in patients if is_watched(p)):
        picked = np.linspace(0, patient.pixels.shape[1] - 1, frames_each + 2).round().astype(int)[1:-1]
        images = network_input(torch.from_numpy(patient.pixels[0, picked]).to(device))
        with autocast(device, ON_PROCESSOR):
            found = network(images.to(memory_format=torch.channels_last)).argmax(1).cpu().numpy()
        pairs = patient.pixels[1, picked].astype(np.int64) * len(NAMES) + found
        counts += np.bincount(pairs.ravel(), minlength=counts.size).reshape(counts.shape)
    both = np.diag(counts)
    with np.errstate(invalid="ignore"):
        return both / (counts.sum(0) + counts.sum(1) - both)


def _recipe_of(folder: Path) -> Recipe:
    values = checkpoint_recipe(folder / CHECKPOINT)
    return Recipe(**{**values, "stages": tuple(map(tuple, values["stages"]))})

"""The training of the first step: DeepLab v3+ learns the classes of frames."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from LesionReadingLib.errors import InputError
from LesionReadingLib.model.weights import load_weights
from OCTCalciumLib.labels import NAMES
from OCTCalciumLib.letterbox import NETWORK_SIZE
from OCTCalciumLib.model.network import DeepLabV3Plus, enlarged
from OCTCalciumLib.model.preparation import network_input
from torch import nn
from torch.nn import functional

from ..engine.checkpoint import averaged_weights, checkpoint_options
from ..engine.distributed import share, whole
from ..engine.options import Budget, TrainingOptions, one_of, views, within
from ..engine.randomness import epoch_numbers, step_random
from ..engine.training import Training, Validation
from ..files import reading
from ..losses import DiceCrossEntropy
from ..own_data.cases import note_learnt
from .augment import augmented_batch
from .data import Patient, is_validation, load_patients
from .variants import VARIANTS, variants_of

CHECKPOINT = "checkpoint.safetensors"
# Calcium and guidewire are few pixels of a frame; background and lumen are most.
CLASS_WEIGHTS = (1.0, 2.0, 1.5, 1.0)


@dataclass(frozen=True)
class Recipe(TrainingOptions):
    """What a training is made of, besides what every training has; the source study's rate is the default, 0.001.

    Attributes:
        width: base channels of the network (64 is the published ResNet-50).
        classes: the first so many of ``NAMES``; with 3, as in the source study, lumen is background.
        loss: ``"dice_and_cross_entropy"``, weighted, or plain ``"cross_entropy"``.
        augmentation: ``"drawn"`` anew for every picture, or the source study's 21 ``"variants"`` of every frame, of whole frames.
        stages: pairs (share of the training after which it ends, side of the view in network pixels): small views first, because
            they are quick, whole frames at the end, because these are what the network will see.
    """

    width: int = within(16, 1, 512)
    classes: int = within(len(NAMES), 2, len(NAMES))
    loss: str = one_of("dice_and_cross_entropy", "cross_entropy")
    augmentation: str = one_of("drawn", "variants")
    stages: tuple[tuple[float, int], ...] = views(((0.65, 320), (1.0, 512)), 32, NETWORK_SIZE)

    def window(self, done: float) -> int:
        """Side of the view after the share ``done`` of the training."""
        return next(side for end, side in self.stages if done < end or end == self.stages[-1][0])


class FrameLoss(nn.Module):
    """The network, and the loss of its answer to a batch of frames."""

    asks_no_values = True

    def __init__(self, recipe: Recipe, device: torch.device) -> None:
        super().__init__()
        self._options, self._device = recipe, device
        self.network = DeepLabV3Plus(recipe.classes, recipe.width)
        if recipe.loss == "cross_entropy":
            self._loss = lambda scores, targets: functional.cross_entropy(scores, targets[:, 0].long())
        else:
            self._loss = DiceCrossEntropy(CLASS_WEIGHTS[: recipe.classes], label_smoothing=0.02)

    def forward(self, images: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        """Loss of images (batch, 1, rows, columns) with label maps (batch, 1, rows or less, columns or less)."""
        with self._options.autocast(self._device):
            scores = self.network.scores_at_stride_4(images.to(memory_format=torch.channels_last))
        scores = enlarged(scores.float(), targets.shape[-2:])
        return self._loss(whole(scores), whole(targets))


class FrameTask:
    """Frames of patients to learn from, and of those for validation, who are never learnt from."""

    def __init__(self, patients: Sequence[Patient], recipe: Recipe, device: torch.device) -> None:
        self._recipe, self._device = recipe, device
        self._share = share(recipe.batch)  # known before any process reads batches ahead
        self.learning = [patient for patient in patients if not is_validation(patient)]
        self._validation = [patient for patient in patients if is_validation(patient)]
        self._frames = [(patient, frame) for patient in self.learning for frame in range(patient.pixels.shape[1])]

    @property
    def pictures(self) -> int:
        """How many there are in an epoch."""
        return len(self._frames) * (len(VARIANTS) if self._recipe.augmentation == "variants" else 1)

    def batch(self, step: int) -> tuple[torch.Tensor, ...]:
        """Frames and labels, uint8 (share, size, size) each, and of each the number of its variant, 0 where they are drawn."""
        recipe = self._recipe
        if recipe.augmentation == "variants":
            numbers = epoch_numbers(self.pictures, recipe.batch, recipe.seed, step)[self._share]
            chosen, variants = [self._frames[number // len(VARIANTS)] for number in numbers], numbers % len(VARIANTS)
        else:
            chosen = self._drawn(step)[self._share]
            variants = np.zeros(len(chosen), np.int64)
        squares, labels = zip(*(patient.pixels[:, frame] for patient, frame in chosen), strict=True)
        return torch.from_numpy(np.stack(squares)), torch.from_numpy(np.stack(labels)), torch.from_numpy(variants)

    def _drawn(self, step: int) -> list[tuple[Patient, int]]:
        """Random frames of random patients: those with few frames count as much as those with many."""
        random = np.random.default_rng([self._recipe.seed, step, 3])
        chosen = [self.learning[index] for index in random.integers(len(self.learning), size=self._recipe.batch)]
        return [(patient, int(random.integers(patient.pixels.shape[1]))) for patient in chosen]

    def prepare(self, batch: tuple[torch.Tensor, ...], step: int, done: float) -> tuple[torch.Tensor, torch.Tensor]:
        """Augmented images and label maps, on the device."""
        recipe = self._recipe
        squares, labels = (tensor.to(self._device, non_blocking=True) for tensor in batch[:2])
        if recipe.augmentation == "variants":
            images, targets = variants_of(squares, labels, batch[2].tolist())
        else:
            random = step_random(self._device, recipe.seed, step, recipe.batch)
            images, targets = augmented_batch(squares, labels, recipe.window(done), random)
        return images, of_classes(targets, recipe.classes)

    def validate(self, network: nn.Module) -> Validation:
        """Mean IoU of the classes in a few frames of each validation patient."""
        overlap = validation_overlap(network, self._validation, self._device, self._recipe)
        text = "  ".join(
            f"{name} {'-' if np.isnan(value) else f'{value:.3f}'}" for name, value in zip(NAMES, overlap, strict=False)
        )
        known = overlap[~np.isnan(overlap)]
        return Validation(float(known.mean()) if len(known) else 0.0, f"IoU {text}")


def train(
    data: Path,
    folder: Path,
    recipe: Recipe,
    budget: Budget,
    device: torch.device,
    weights: Path | None = None,
    log: Callable[[str], None] = print,
) -> None:
    """Train until the budget is used.

    Args:
        data: folder of ``make_data``.
        folder: for checkpoint, table and log; a checkpoint there is resumed, its recipe before ``recipe``.
        weights: safetensors of a network of the same width to begin with: of an earlier bundle, or a ResNet-50 of ImageNet under
            torchvision's names; tensors that fit by name and shape are taken.
        log: called with each line of the log.

    Raises:
        InputError: nobody to learn from, weights that do not fit, or a checkpoint that cannot be resumed or written.
    """
    from ..engine.loop import run  # with Ignite, which those that only bundle or adapt do not need

    folder.mkdir(parents=True, exist_ok=True)
    file = folder / CHECKPOINT
    if file.exists():
        training = resume(folder, device)
        log(f"resumed at step {training.step_count}, {training.seconds / 60:.1f} min")
    else:
        training = new_training(recipe, device)
        if weights is not None and not training.begin_with(encoder_weights(weights), weights.name):
            raise InputError(f"No tensor of {weights} fits this network by name and shape; give a ResNet-50 of the same width.")
        log(f"begins with {training.began_with}" + ("" if weights else "; no ImageNet weights were given with --weights"))
    task = FrameTask(load_patients(data), training.options, device)
    if not task.learning:
        raise InputError(f"{data} holds only validation patients, whose number ends in 0; add others to learn from.")
    note_learnt(folder, [patient.number for patient in task.learning])
    run(training, task, budget.in_steps(task.pictures, training.options.batch), file, log)


def new_training(recipe: Recipe, device: torch.device) -> Training[Recipe]:
    """A training as the recipe's seed begins it."""
    torch.manual_seed(recipe.seed)
    return Training(FrameLoss(recipe, device), recipe, device)


def resume(folder: Path, device: torch.device) -> Training[Recipe]:
    """Resume a training from its last checkpoint, with the recipe that it was begun with."""
    training = new_training(recipe_of(folder), device)
    training.resume(folder / CHECKPOINT)
    return training


def trained_network(folder: Path) -> tuple[DeepLabV3Plus, Recipe]:
    """Give the averaged network of a training folder's last checkpoint, ready to predict, and its recipe.

    Raises:
        InputError: there is no checkpoint.
    """
    if not (folder / CHECKPOINT).exists():
        raise InputError(f"{folder} holds no {CHECKPOINT}; train first with: python -m training oct train DATA {folder}")
    recipe = recipe_of(folder)
    network = DeepLabV3Plus(recipe.classes, recipe.width)
    network.load_state_dict(averaged_weights(folder / CHECKPOINT))
    return network.eval(), recipe


def encoder_weights(file: Path) -> dict[str, torch.Tensor]:
    """Tensors of a safetensors file under this network's names.

    A ResNet-50 under torchvision's names becomes the encoder's, the colours of its first layer summed up for one grey channel.

    Raises:
        InputError: the file is no such file.
    """
    with reading(file):
        tensors = load_weights(file)
    if "conv1.weight" not in tensors:
        return tensors
    tensors["conv1.weight"] = tensors["conv1.weight"].sum(1, keepdim=True)
    return {f"encoder.{name}": value for name, value in tensors.items()}


def of_classes(labels: torch.Tensor, classes: int) -> torch.Tensor:
    """Label maps, of the same type, in which classes that are not learnt are background."""
    return labels * (labels < classes)  # background is 0; ``where`` would make whole numbers of 64 bits of them


@torch.inference_mode()
def validation_overlap(
    network: nn.Module, patients: Sequence[Patient], device: torch.device, recipe: Recipe, frames_each: int = 2
) -> np.ndarray:
    """IoU of each class over a few frames of each patient; nan where a class is absent."""
    classes = recipe.classes
    counts = np.zeros((classes, classes), np.int64)
    network.eval()
    for patient in patients:
        picked = np.linspace(0, patient.pixels.shape[1] - 1, frames_each + 2).round().astype(int)[1:-1]
        images = network_input(torch.from_numpy(patient.pixels[0, picked]).to(device))
        with recipe.autocast(device):
            found = network(images.to(memory_format=torch.channels_last)).argmax(1).cpu().numpy()
        truth = of_classes(torch.from_numpy(patient.pixels[1, picked]), classes).numpy().astype(np.int64)
        counts += np.bincount((truth * classes + found).ravel(), minlength=counts.size).reshape(counts.shape)
    both = np.diag(counts)
    with np.errstate(invalid="ignore"):
        return both / (counts.sum(0) + counts.sum(1) - both)


def recipe_of(folder: Path) -> Recipe:
    """The recipe that a folder's training was begun with."""
    return checkpoint_options(folder / CHECKPOINT, Recipe)

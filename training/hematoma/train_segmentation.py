"""First stage: the U-Net learns to find hematoma and ventricular blood."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from HematomaMarkersLib.labels import HEMATOMA, NAMES
from HematomaMarkersLib.network import hematoma_unet
from HematomaMarkersLib.preparation import network_input
from HematomaMarkersLib.windows import DEFAULT, windows
from LesionReadingLib.errors import InputError
from monai.losses import DiceCELoss
from torch import nn

from ..learner import Learner, Pace, autocast, averaged_weights, checkpoint_recipe
from .augment import segmentation_batch
from .data import preparation_steps
from .slices import Shelf, Slices, balanced_numbers, kinds

CHECKPOINT, FIGURES = "segmentation.safetensors", "segmentation.json"
# Blood is few pixels of a slice, ventricular blood fewer.
CLASS_WEIGHTS = (1.0, 1.5, 2.0)
NORM_MOMENTUM = 0.05
"""EfficientNet's own 0.01 needs hundreds of steps before batch norms know their values; the running average steadies them."""
WATCHED_AT_ONCE, WATCHED_SAMPLE = 16, 96
WINDOW_HU = windows()[DEFAULT]


@dataclass(frozen=True)
class Recipe(Pace):
    """What a training of the U-Net is made of, besides its pace.

    Attributes:
        width: of the U-Net; 1 is the published EfficientNet-b3.
        stages: pairs (share of the training after which it ends, side of the view in pixels): small views first, because they are
            quick, whole slices at the end, because these are what the network will see.
        split: ``"patient"`` or ``"random"``, see ``slices.watched``.
        location: where the hematomas lie that are learnt from; None for anywhere.
    """

    batch: int = 16
    rate: float = 2e-3
    width: float = 0.5
    stages: tuple[tuple[float, int], ...] = ((0.6, 128), (1.0, 256))
    split: str = "patient"
    location: str | None = None

    def side(self, done: float) -> int:
        """Side of the view after the share ``done`` of the training."""
        return next(side for end, side in self.stages if done < end or end == self.stages[-1][0])


class SegmentationTraining(Learner):
    """The U-Net's training in progress."""

    def __init__(self, recipe: Recipe, device: torch.device) -> None:
        torch.manual_seed(recipe.seed)
        network = hematoma_unet(recipe.width)
        for module in network.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.momentum = NORM_MOMENTUM
        super().__init__(network, recipe, device)
        weight = torch.tensor(CLASS_WEIGHTS, device=device)
        self.loss = DiceCELoss(to_onehot_y=True, softmax=True, batch=True, weight=weight, label_smoothing=0.01)

    def step(self, hounsfield: torch.Tensor, labels: torch.Tensor, done: float) -> float:
        """Learn from one batch: int16 HU and uint8 labels (batch, size, size); give the loss."""
        on_device = (tensor.to(self.device) for tensor in (hounsfield, labels))
        images, targets = segmentation_batch(*on_device, self.recipe.side(done), self.random)
        images = network_input(images, WINDOW_HU).to(memory_format=torch.channels_last)
        self.network.train()
        with autocast(self.device):
            scores = self.network(images)
        return self.learn(self.loss(scores.float(), targets), done)


def train_segmentation(
    data: Path, folder: Path, recipe: Recipe, minutes: float, device: torch.device, begin: Path | None = None, say=print
) -> None:
    """Train the U-Net for ``minutes`` in all (an earlier part included) and write its figures on the watched slices.

    Args:
        data: folder of ``make_data``; patients that appear while training are taken in at every checkpoint.
        folder: for checkpoint and figures; a checkpoint there is taken up again, its recipe before ``recipe``.
        begin: training folder whose U-Net, of the same width, is where a new training begins.
        say: called with each line of the log.
    """
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / CHECKPOINT
    training = SegmentationTraining(recipe_of(file) if file.exists() else recipe, device)
    if file.exists():
        training.take_up(file)
        say(f"taken up again at step {training.step_count}, {training.seconds / 60:.1f} min")
    elif begin is not None:
        training.begin_with(averaged_weights(begin / CHECKPOINT))
    recipe = training.recipe
    shelf = Shelf(data, recipe.location, recipe.split, recipe.seed)
    learnt = kinds(shelf.slices, shelf.learnt)
    say(_told_kinds(learnt))
    random = torch.Generator().manual_seed(recipe.seed + training.step_count)

    def step(done: float) -> float:
        numbers = balanced_numbers(learnt, recipe.batch, random)
        return training.step(shelf.slices.hounsfield[numbers], shelf.slices.labels[numbers], done)

    def watch() -> str:
        nonlocal learnt
        if shelf.refresh():
            learnt = kinds(shelf.slices, shelf.learnt)
            say(_told_kinds(learnt))
        sample = balanced_numbers(kinds(shelf.slices, shelf.watched), WATCHED_SAMPLE, torch.Generator().manual_seed(0)).unique()
        return "some watched slices: " + _told(overlap(training.average, shelf.slices, sample, device))

    training.run(minutes, file, step, watch, say)
    figures = overlap(training.average, shelf.slices, shelf.watched.nonzero()[:, 0], device)
    variant = {"split": recipe.split, "location": recipe.location, "preparation": asdict(preparation_steps(data))}
    (folder / FIGURES).write_text(json.dumps({**variant, **figures}, indent=1))
    say("all watched slices: " + _told(figures))


def trained_unet(folder: Path) -> tuple[nn.Module, Recipe]:
    """Give the averaged U-Net of a training folder, ready to predict, and its recipe.

    Raises:
        InputError: there is no checkpoint.
    """
    file = folder / CHECKPOINT
    if not file.exists():
        raise InputError(f"{folder} holds no {CHECKPOINT}; first: python -m training hematoma train-segmentation DATA {folder}")
    recipe = recipe_of(file)
    network = hematoma_unet(recipe.width)
    network.load_state_dict(averaged_weights(file))
    return network.eval(), recipe


def recipe_of(file: Path) -> Recipe:
    """The recipe that a checkpoint's training was begun with."""
    values = checkpoint_recipe(file)
    return Recipe(**{**values, "stages": tuple(map(tuple, values["stages"]))})


@torch.inference_mode()
def overlap(network: nn.Module, slices: Slices, numbers: torch.Tensor, device: torch.device) -> dict[str, float]:
    """Dice loss, IoU and F score of the hematoma, F score of ventricular blood, over all pixels of the slices of these numbers.

    nan where there is none of it.
    """
    counts = torch.zeros(len(NAMES), len(NAMES), dtype=torch.int64)
    network.eval()
    for some in numbers.split(WATCHED_AT_ONCE):
        images = network_input(slices.hounsfield[some].to(device)[:, None].float(), WINDOW_HU)
        with autocast(device):
            found = network(images.to(memory_format=torch.channels_last)).argmax(1).cpu()
        pairs = slices.labels[some].long() * len(NAMES) + found
        counts += torch.bincount(pairs.flatten(), minlength=counts.numel()).reshape(counts.shape)
    both, total = counts.diag(), counts.sum(0) + counts.sum(1)
    f_score = (2 * both / total).tolist()
    return {
        "dice_loss": 1 - f_score[HEMATOMA],
        "iou": float(both[HEMATOMA] / (total - both)[HEMATOMA]),
        "f_score": f_score[HEMATOMA],
        "ventricular_f_score": f_score[-1],
    }


def _told_kinds(learnt: dict[str, torch.Tensor]) -> str:
    return "learnt from slices with " + ", ".join(f"{kind} {len(numbers)}" for kind, numbers in learnt.items())


def _told(figures: dict[str, float]) -> str:
    return "  ".join(f"{name} {value:.4f}" for name, value in figures.items())

"""First stage: the U-Net learns to find hematoma and ventricular blood."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from HematomaMarkersLib.labels import HEMATOMA, INTRAVENTRICULAR, NAMES, OUTSIDE_BRAIN, TASK
from HematomaMarkersLib.model.network import hematoma_unet
from HematomaMarkersLib.model.preparation.prepare import network_input
from HematomaMarkersLib.windows import DEFAULT, windows
from LesionReadingLib.bundle import find_bundle
from LesionReadingLib.errors import InputError
from monai.losses import DiceCELoss
from safetensors.torch import load_file
from torch import nn

from ..learner import Budget, Learner, Pace, Watched, autocast, averaged_weights, best_of, checkpoint_recipe, part
from .augment import segmentation_batch
from .data import preparation_steps
from .slices import SMALL_PIXELS, Shelf, Slices, balanced_numbers, kinds

CHECKPOINT, FIGURES = "segmentation.safetensors", "segmentation.json"
# Blood is few pixels of a slice, ventricular blood fewer.
CLASS_WEIGHTS = (1.0, 1.5, 2.0, 1.5)
NORM_MOMENTUM = 0.05
"""EfficientNet's own 0.01 needs hundreds of steps before batch norms know their values; the running average steadies them."""
WATCHED_AT_ONCE = {"cpu": 16, "cuda": 128}
WATCHED_SAMPLE = {"cpu": 96, "cuda": 1536}
"""Slices that are looked at while training: a processor has no time for more."""
WINDOW_HU = windows()[DEFAULT]
CLASSES = OUTSIDE_BRAIN + 1


@dataclass(frozen=True)
class Recipe(Pace):
    """What a training of the U-Net is made of, besides its pace.

    Attributes:
        width: of the U-Net; 1 is the published EfficientNet-b3.
        stages: pairs (share of the training after which it ends, side of the view in pixels): small views first, because they are
            quick, whole slices at the end, because these are what the network will see.
        split: ``"patient"`` or ``"random"``, see ``slices.watched``.
        location: where the hematomas lie that are learnt from; None for anywhere.
        classes: of ``labels``, with or without blood outside the brain, the last one.
        keep_markers: whether the layers that the markers' VGG16 is joined with stay as they are, their batch norms too; the
            markers that were told beside them then stay valid.
    """

    batch: int = 16
    rate: float = 2e-3
    width: float = 0.5
    stages: tuple[tuple[float, int], ...] = ((0.6, 128), (1.0, 256))
    split: str = "patient"
    location: str | None = None
    classes: int = len(NAMES)
    keep_markers: bool = False

    def side(self, done: float) -> int:
        """Side of the view after the share ``done`` of the training."""
        return next(side for end, side in self.stages if done < end or end == self.stages[-1][0])


class SinglePrecisionConv2d(nn.Conv2d):
    """A convolution that autocast leaves alone: a processor is slower in bfloat16 where it is depthwise, and quicker elsewhere."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        with torch.autocast(images.device.type, enabled=False):
            return super().forward(images.float())


class SegmentationTraining(Learner):
    """The U-Net's training in progress."""

    def __init__(self, recipe: Recipe, device: torch.device) -> None:
        torch.manual_seed(recipe.seed)
        network = hematoma_unet(recipe.width, recipe.classes)
        for module in network.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.momentum = NORM_MOMENTUM
            if device.type == "cpu" and isinstance(module, nn.Conv2d) and module.groups > 1:
                module.__class__ = SinglePrecisionConv2d
        if recipe.keep_markers:
            for module in network.encoder.seen_by_markers():
                module.requires_grad_(False)
        super().__init__(network, recipe, device)
        weight = torch.tensor(CLASS_WEIGHTS[: recipe.classes], device=device)
        self.loss = DiceCELoss(to_onehot_y=True, softmax=True, batch=True, weight=weight, label_smoothing=0.01)

    def step(self, hounsfield: torch.Tensor, labels: torch.Tensor, done: float) -> torch.Tensor:
        """Learn from one batch: int16 HU and uint8 labels (batch, size, size); give the loss."""
        labels = torch.where(labels < self.recipe.classes, labels, 0)
        on_device = (tensor.to(self.device) for tensor in (hounsfield, labels))
        images, targets = segmentation_batch(*on_device, self.recipe.side(done), self.random)
        images = network_input(images, WINDOW_HU).to(memory_format=torch.channels_last)
        self.network.train()
        if self.recipe.keep_markers:
            for module in self.network.encoder.seen_by_markers():
                module.eval()
        with autocast(self.device, torch.bfloat16):
            scores = self.network(images)
        return self.learn(self.loss(scores.float(), targets), done)


def train_segmentation(
    data: Path,
    folder: Path,
    recipe: Recipe,
    budget: Budget,
    device: torch.device,
    begin: Path | None = None,
    say=print,
    watch_every: int = 0,
    shelf: Shelf | None = None,
) -> None:
    """Train the U-Net until the budget is used and write its figures on the watched slices.

    Args:
        data: folder of ``make_data``; patients that appear while training are taken in at every checkpoint.
        folder: for checkpoint and figures; a checkpoint there is taken up again, its recipe before ``recipe``.
        begin: training folder or bundle whose U-Net, of the same width, is where a new training begins.
        say: called with each line of the log. watch_every: see ``Learner.run``; new patients are taken in then, too.
        shelf: the slices of ``data``, where they are in memory already.
    """
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / CHECKPOINT
    training = SegmentationTraining(recipe_of(file) if file.exists() else recipe, device)
    if file.exists():
        training.take_up(file)
        say(f"taken up again at step {training.step_count}, {training.seconds / 60:.1f} min")
    elif begin is not None:
        training.begin_with(first_weights(begin, recipe.classes))
    recipe = training.recipe
    shelf = shelf or Shelf(data, recipe.location, recipe.split, recipe.seed, device)
    watched_patients = shelf.slices.patients[shelf.watched].unique()  # of every watch, so that their scores can be compared
    learnt, watched_count = kinds(shelf.slices, shelf.learnt), WATCHED_SAMPLE[device.type]
    say(_told_kinds(learnt))
    random = torch.Generator().manual_seed(recipe.seed + training.step_count)

    def step(done: float) -> torch.Tensor:
        numbers = balanced_numbers(learnt, recipe.batch, random)
        return training.step(shelf.slices.hounsfield[numbers], shelf.slices.labels[numbers], done)

    def watch() -> Watched:
        nonlocal learnt
        if shelf.refresh():
            learnt = kinds(shelf.slices, shelf.learnt)
            say(_told_kinds(learnt))
        shown = kinds(shelf.slices, shelf.watched & torch.isin(shelf.slices.patients, watched_patients))
        sample = balanced_numbers(shown, watched_count, torch.Generator().manual_seed(0)).unique()
        figures = overlap(training.average.module, shelf.slices, sample, device)
        return Watched(score(figures), "some slices: " + _told(figures))

    training.run(budget, file, step, watch, say, watch_every)
    figures = overlap(training.average.module, shelf.slices, shelf.watched.nonzero()[:, 0], device)
    variant = {"split": recipe.split, "location": recipe.location, "preparation": asdict(preparation_steps(data))}
    (folder / FIGURES).write_text(json.dumps({**variant, **figures}, indent=1))
    say("all watched slices: " + _told(figures))


def trained_unet(folder: Path) -> tuple[nn.Module, Recipe]:
    """Give the averaged U-Net of a training folder, ready to predict, and its recipe; the best watched one where there is one.

    Raises:
        InputError: there is no checkpoint.
    """
    file = folder / CHECKPOINT
    if not file.exists():
        raise InputError(f"{folder} holds no {CHECKPOINT}; first: python -m training hematoma train-segmentation DATA {folder}")
    recipe, best = recipe_of(file), best_of(file)
    network = hematoma_unet(recipe.width, recipe.classes)
    network.load_state_dict(averaged_weights(best if best.exists() else file))
    return network.eval(), recipe


def first_weights(begin: Path, classes: int) -> dict[str, torch.Tensor]:
    """The U-Net's weights of a training folder or of a bundle; a class that it was not taught begins with a score of 0 everywhere.

    Raises:
        InputError: there is neither.
    """
    if (begin / CHECKPOINT).exists():
        tensors = averaged_weights(begin / CHECKPOINT)
    else:
        tensors = part(load_file(find_bundle(begin, TASK).weights), "segmentation.")
    return {name: _widened(value.float(), classes) if "segmentation_head" in name else value for name, value in tensors.items()}


def _widened(tensor: torch.Tensor, classes: int) -> torch.Tensor:
    missing = max(classes - len(tensor), 0)
    return torch.cat([tensor, tensor.new_zeros(missing, *tensor.shape[1:])])


def recipe_of(file: Path) -> Recipe:
    """The recipe that a checkpoint's training was begun with."""
    values = checkpoint_recipe(file)
    return Recipe(**{**values, "stages": tuple(map(tuple, values["stages"]))})


@torch.inference_mode()
def overlap(network: nn.Module, slices: Slices, numbers: torch.Tensor, device: torch.device) -> dict[str, float]:
    """Dice loss, IoU and F score of the hematoma (and the latter on slices with little of it), F score of the other kinds of blood,
    over all pixels of the slices of these numbers; nan where there is none of it.
    """
    small = slices.pixels_of(HEMATOMA)
    small = (small > 0) & (small < SMALL_PIXELS)
    of_small, counts = (torch.zeros(CLASSES, CLASSES, dtype=torch.int64, device=device) for _ in range(2))
    network.eval()
    for some in numbers.split(WATCHED_AT_ONCE[device.type]):
        images = network_input(slices.hounsfield[some].to(device)[:, None].float(), WINDOW_HU)
        with autocast(device):
            found = network(images.to(memory_format=torch.channels_last)).argmax(1)
        pairs = slices.labels[some].to(device).long() * CLASSES + found
        counts += torch.bincount(pairs.flatten(), minlength=counts.numel()).reshape(counts.shape)
        of_small += torch.bincount(pairs[small[some].to(device)].flatten(), minlength=counts.numel()).reshape(counts.shape)
    both, total = counts.diag(), counts.sum(0) + counts.sum(1)
    f_score = (2 * both / total).tolist()
    small_total = of_small.sum(0) + of_small.sum(1)
    return {
        "dice_loss": 1 - f_score[HEMATOMA],
        "iou": float(both[HEMATOMA] / (total - both)[HEMATOMA]),
        "f_score": f_score[HEMATOMA],
        "small_f_score": float(2 * of_small[HEMATOMA, HEMATOMA] / small_total[HEMATOMA]),
        "ventricular_f_score": f_score[INTRAVENTRICULAR],
        "outside_f_score": f_score[OUTSIDE_BRAIN],
    }


def score(figures: Mapping[str, float]) -> float:
    """By which the best average is chosen: the mean F score of all kinds of blood that there are, hematoma counted twice."""
    names = ("f_score", "small_f_score", "ventricular_f_score", "outside_f_score")
    return float(np.nanmean([figures[name] for name in names]))


def _told_kinds(learnt: dict[str, torch.Tensor]) -> str:
    return "learnt from slices with " + ", ".join(f"{kind} {len(numbers)}" for kind, numbers in learnt.items())


def _told(figures: dict[str, float]) -> str:
    return "  ".join(f"{name} {value:.4f}" for name, value in figures.items())

"""First stage: the U-Net learns to find hematoma and ventricular blood."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from HematomaMarkersLib.labels import LOCATIONS, NAMES, TASK
from HematomaMarkersLib.model.preparation.grid import NETWORK_SIZE
from HematomaMarkersLib.model.preparation.prepare import network_input
from HematomaMarkersLib.model.unet import HematomaUNet
from LesionReadingLib.errors import InputError
from LesionReadingLib.model.bundle import find_bundle
from LesionReadingLib.model.weights import load_weights
from torch import nn

from ..engine import distributed
from ..engine.checkpoint import averaged_weights, best_of, checkpoint_options, part
from ..engine.distributed import share, whole
from ..engine.loop import run
from ..engine.options import Budget, TrainingOptions, one_of, views, within
from ..engine.randomness import step_random, step_seed
from ..engine.training import Training, Validation
from ..losses import DiceCrossEntropy
from ..writing import write_json
from .augment import segmentation_batch
from .data import preparation_steps
from .slice_scores import CLASSES, f_score_interval, overlap, slice_confusions
from .slices import SPLITS, WINDOW_HU, SliceDataset, balanced_numbers, kinds

CHECKPOINT, FIGURES = "segmentation.safetensors", "segmentation.json"
# Blood is few pixels of a slice, ventricular blood fewer.
CLASS_WEIGHTS = (1.0, 1.5, 2.0, 1.5)
NORM_MOMENTUM = 0.05
"""EfficientNet's own 0.01 needs hundreds of steps before batch norms know their values; the running average steadies them."""
VALIDATION_SAMPLE = {"cpu": 96, "cuda": 1536}
"""Slices that are looked at while training: a processor has no time for more."""


@dataclass(frozen=True)
class Recipe(TrainingOptions):
    """What a training of the U-Net is made of, besides what every training has.

    Attributes:
        width: of the U-Net; 1 is the published EfficientNet-b3.
        stages: pairs (share of the training after which it ends, side of the view in pixels): small views first, because they are
            quick, whole slices at the end, because these are what the network will see.
        split: ``"patient"`` or ``"random"``, see ``slices.validation_slices``.
        location: where the hematomas lie that are learnt from; None for anywhere.
        classes: of ``labels``, with or without blood outside the brain, the last one.
        keep_markers: whether the layers that the markers' VGG16 is joined with stay as they are, their batch norms too; the
            markers that were told beside them then stay valid.
    """

    batch: int = within(16, 1, 100_000)
    rate: float = within(2e-3, 1e-9, 10.0)
    width: float = within(0.5, 0.05, 8.0)
    stages: tuple[tuple[float, int], ...] = views(((0.6, 128), (1.0, 256)), 32, NETWORK_SIZE)
    split: str = one_of(*SPLITS)
    location: str | None = one_of(None, *LOCATIONS)
    classes: int = within(len(NAMES), 2, CLASSES)
    keep_markers: bool = False

    def side(self, done: float) -> int:
        """Side of the view after the share ``done`` of the training."""
        return next(side for end, side in self.stages if done < end or end == self.stages[-1][0])


class SegmentationLoss(nn.Module):
    """The U-Net, and the loss of its answer to a batch of slices."""

    asks_no_values = True

    def __init__(self, recipe: Recipe, device: torch.device) -> None:
        super().__init__()
        self._options, self._device = recipe, device
        self.network = HematomaUNet(recipe.width, recipe.classes)
        for module in self.network.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.momentum = NORM_MOMENTUM
        for module in self._kept():
            module.requires_grad_(False)
        self._loss = DiceCrossEntropy(CLASS_WEIGHTS[: recipe.classes], label_smoothing=0.01)

    def train(self, mode: bool = True) -> SegmentationLoss:
        """As every module, but for the layers that are kept."""
        super().train(mode)
        for module in self._kept():
            module.eval()
        return self

    def _kept(self) -> list[nn.Module]:
        return self.network.encoder.seen_by_markers() if self._options.keep_markers else []

    def forward(self, images: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        """Loss of images (batch, 1, side, side) with label maps of the same shape."""
        with self._options.autocast(self._device):
            scores = self.network(images.to(memory_format=torch.channels_last))
        return self._loss(whole(scores.float()), whole(targets))


class SegmentationTask:
    """Slices to learn from, rare kinds of them often, and slices for validation."""

    def __init__(self, dataset: SliceDataset, recipe: Recipe, device: torch.device, log: Callable[[str], None]) -> None:
        self._dataset, self._recipe, self._device, self._log = dataset, recipe, device, log
        # Of every validation, so that their scores can be compared.
        self._validation_patients = dataset.slices.patients[dataset.validation].unique()
        self._sort()

    def _sort(self) -> None:
        self._learnt = kinds(self._dataset.slices, self._dataset.training)
        self._log("learnt from slices with " + ", ".join(f"{kind} {len(numbers)}" for kind, numbers in self._learnt.items()))

    def batch(self, step: int) -> tuple[torch.Tensor, torch.Tensor]:
        """int16 HU and uint8 labels (share, size, size)."""
        random = torch.Generator().manual_seed(step_seed(self._recipe.seed, step, 3))
        numbers = balanced_numbers(self._learnt, self._recipe.batch, random)[share(self._recipe.batch)]
        return self._dataset.slices.hounsfield[numbers], self._dataset.slices.labels[numbers]

    def prepare(self, batch: tuple[torch.Tensor, ...], step: int, done: float) -> tuple[torch.Tensor, torch.Tensor]:
        """Augmented images and label maps, on the device."""
        return prepared_batch(batch, self._recipe, self._device, step, done)

    def validate(self, network: nn.Module) -> Validation:
        """F scores of some validation slices; takes in patients that have appeared since."""
        dataset = self._dataset
        if distributed.count() == 1 and dataset.refresh():
            self._sort()
        shown = kinds(dataset.slices, dataset.validation & torch.isin(dataset.slices.patients, self._validation_patients))
        count = VALIDATION_SAMPLE[self._device.type]
        sample = balanced_numbers(shown, count, torch.Generator().manual_seed(0)).unique()
        figures = overlap(slice_confusions(network, dataset.slices, sample, self._device))
        return Validation(score(figures), "some slices: " + _in_words(figures))


def prepared_batch(
    batch: tuple[torch.Tensor, ...], recipe: Recipe, device: torch.device, step: int, done: float
) -> tuple[torch.Tensor, torch.Tensor]:
    """Augmented images and label maps of int16 HU and uint8 labels (share, size, size), after the share ``done`` of a training."""
    hounsfield, labels = (tensor.to(device, non_blocking=True) for tensor in batch)
    labels = labels * (labels < recipe.classes)
    random = step_random(device, recipe.seed, step, recipe.batch)
    images, targets = segmentation_batch(hounsfield, labels, recipe.side(done), random)
    return network_input(images, WINDOW_HU), targets


def new_training(recipe: Recipe, device: torch.device) -> Training[Recipe]:
    """A training as the recipe's seed begins it."""
    torch.manual_seed(recipe.seed)
    return Training(SegmentationLoss(recipe, device), recipe, device)


def train_segmentation(
    data: Path,
    folder: Path,
    recipe: Recipe,
    budget: Budget,
    device: torch.device,
    *,
    begin: Path | None = None,
    log: Callable[[str], None] = print,
    dataset: SliceDataset | None = None,
) -> None:
    """Train the U-Net until the budget is used and write its figures on the validation slices.

    Args:
        data: folder of ``make_data``; patients that appear while training are taken in at every validation.
        folder: for checkpoint and figures; a checkpoint there is resumed, its recipe before ``recipe``.
        begin: training folder or bundle whose U-Net, of the same width, is where a new training begins.
        log: called with each line of the log.
        dataset: the slices of ``data``, where they are in memory already.
    """
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / CHECKPOINT
    training = new_training(recipe_of(file) if file.exists() else recipe, device)
    if file.exists():
        training.resume(file)
        log(f"resumed at step {training.step_count}, {training.seconds / 60:.1f} min")
    elif begin is not None:
        training.begin_with(first_weights(begin, recipe.classes), f"the training or model {begin.name}")
    recipe = training.options
    dataset = dataset or SliceDataset(data, recipe.location, recipe.split, recipe.seed, device)
    task = SegmentationTask(dataset, recipe, device, log)
    run(training, task, budget.in_steps(int(dataset.training.sum()), recipe.batch), file, log)
    if distributed.rank() == 0:
        numbers = dataset.validation.nonzero()[:, 0]
        confusions = slice_confusions(training.average.module, dataset.slices, numbers, device)
        figures, patients = overlap(confusions), dataset.slices.patients[numbers]
        variant = {"split": recipe.split, "location": recipe.location, "preparation": asdict(preparation_steps(data))}
        counts = {"patients": len(patients.unique()), "slices": len(numbers)}
        interval = {"f_score_interval": f_score_interval(confusions, patients)}
        write_json(folder / FIGURES, {**variant, **figures, **interval, **counts})
        log("all validation slices: " + _in_words(figures))
    distributed.wait()


def trained_unet(folder: Path) -> tuple[nn.Module, Recipe]:
    """Give the averaged U-Net of a training folder, ready to predict, and its recipe; the best validated where there is one.

    Raises:
        InputError: there is no checkpoint.
    """
    file = folder / CHECKPOINT
    if not file.exists():
        raise InputError(f"{folder} holds no {CHECKPOINT}; first: python -m training hematoma train-segmentation DATA {folder}")
    recipe, best = recipe_of(file), best_of(file)
    network = HematomaUNet(recipe.width, recipe.classes)
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
        tensors = part(load_weights(find_bundle(begin, TASK).weights), "segmentation.")
    return {name: _widened(value.float(), classes) if "segmentation_head" in name else value for name, value in tensors.items()}


def _widened(tensor: torch.Tensor, classes: int) -> torch.Tensor:
    missing = max(classes - len(tensor), 0)
    return torch.cat([tensor, tensor.new_zeros(missing, *tensor.shape[1:])])


def recipe_of(file: Path) -> Recipe:
    """The recipe that a checkpoint's training was begun with."""
    return checkpoint_options(file, Recipe)


def score(figures: Mapping[str, float]) -> float:
    """By which the best average is chosen: the mean F score of all kinds of blood that there are, hematoma counted twice."""
    names = ("f_score", "small_f_score", "ventricular_f_score", "outside_f_score")
    return float(np.nanmean([figures[name] for name in names]))


def _in_words(figures: dict[str, float]) -> str:
    return "  ".join(f"{name} {'-' if np.isnan(value) else f'{value:.4f}'}" for name, value in figures.items())

"""Second stage: the VGG16 beside the U-Net's encoder learns the markers of slices with a hematoma; the U-Net is frozen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pywt
import torch
from HematomaMarkersLib.labels import HEMATOMA, INTRAVENTRICULAR, LOCATIONS, MARKERS
from HematomaMarkersLib.model.network import JointNetwork, hematoma_mask
from HematomaMarkersLib.model.preparation.prepare import network_input
from LesionReadingLib.errors import InputError
from torch import nn

from ..engine import distributed
from ..engine.checkpoint import averaged_weights, best_of, checkpoint_options
from ..engine.distributed import share, whole
from ..engine.loop import run
from ..engine.options import Budget, TrainingOptions, one_of, within
from ..engine.randomness import PictureRandom, epoch_numbers, step_random
from ..engine.training import Training, Validation
from ..wording import how_many
from ..writing import write_json
from .augment import marker_batch, roughened_masks
from .data import preparation_steps
from .slice_scores import auc_intervals, marker_auc, marker_logits
from .slices import SPLITS, WINDOW_HU, SliceDataset, Slices, together
from .train_segmentation import Recipe as UNetRecipe
from .train_segmentation import trained_unet

RULE_FILE = "rule.json"  # beside both checkpoints: how slices make a patient, fitted on validation patients
CHECKPOINT, FIGURES = "markers.safetensors", "markers.json"
CROP, COARSEST_STRIDE = 144, 16
"""Side in pixels (130 mm) of what is cut out around the hematoma while training: the markers of a masked network are pooled over
the hematoma and its margin alone, so all else would be calculated in vain. A multiple of the VGG16's coarsest stride."""


@dataclass(frozen=True)
class Recipe(TrainingOptions):
    """What a training of the markers is made of, besides what every training has.

    Attributes:
        marker_width: of the VGG16; 1 is the published one. wavelet: name in pywavelets.
        pooling: ``"wavelet"``, or ``"max"`` for a plain VGG16.
        mask: ``"true"`` shows the network the hematoma's mask, ``"none"`` the whole slice.
        weighted: whether markers are weighed by negatives over positives (equation 2 of the source study).
        split, location: as in the first stage.
    """

    batch: int = within(16, 1, 100_000)
    weight_decay: float = within(1e-3, 0.0, 1.0)
    marker_width: float = within(0.25, 0.01, 8.0)
    wavelet: str = one_of("haar", *pywt.wavelist(kind="discrete"))
    pooling: str = one_of("wavelet", "max")
    mask: str = one_of("true", "none")
    weighted: bool = True
    split: str = one_of(*SPLITS)
    location: str | None = one_of(None, *LOCATIONS)

    def network_arguments(self, unet: UNetRecipe) -> dict[str, Any]:
        """Arguments of ``JointNetwork`` beside a U-Net of that recipe."""
        return {
            "width": unet.width,
            "classes": unet.classes,
            "marker_width": self.marker_width,
            "wavelet": self.wavelet,
            "pooling": self.pooling,
            "mask_input": self.mask == "true",
        }


class MarkerLoss(nn.Module):
    """The joint network, and the loss of its markers.

    Args:
        unet: of the first stage, and its recipe. weights: (4,) w_c of equation 2, one for each marker.
    """

    def __init__(self, recipe: Recipe, unet: nn.Module, of_unet: UNetRecipe, weights: torch.Tensor, device: torch.device) -> None:
        super().__init__()
        self._options, self._device = recipe, device
        self.network = JointNetwork(**recipe.network_arguments(of_unet))
        self.network.segmentation.load_state_dict(unet.state_dict())
        self.network.learn_markers()
        self._loss = nn.BCEWithLogitsLoss(pos_weight=weights.to(device) if recipe.weighted else None)

    def train(self, mode: bool = True) -> MarkerLoss:
        """Set training, in which the U-Net stays frozen, its batch norms too."""
        super().train(mode)
        if mode:
            self.network.learn_markers()
        return self

    def forward(
        self, images: torch.Tensor, features: Sequence[torch.Tensor], masks: torch.Tensor, markers: torch.Tensor
    ) -> torch.Tensor:
        """Loss of images and masks (batch, 1, rows, columns) beside the encoder's features, with markers (batch, 4) of 0 or 1."""
        with self._options.autocast(self._device):
            logits = self.network.markers(images, features, masks)
        return self._loss(whole(logits.float()), whole(markers))


class MarkerTask:
    """Slices with a hematoma whose markers are known, to learn from and for validation.

    Args:
        slices: all there are. learnt, validation: their numbers. network: whose U-Net gives features and masks.
    """

    def __init__(
        self,
        slices: Slices,
        learnt: torch.Tensor,
        validation: torch.Tensor,
        network: JointNetwork,
        recipe: Recipe,
        device: torch.device,
    ) -> None:
        self._slices, self._learnt, self._validation = slices, learnt, validation
        self._network, self._recipe, self._device = network, recipe, device

    def batch(self, step: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """int16 HU and uint8 labels (share, size, size), and bool markers (share, 4)."""
        recipe = self._recipe
        places = epoch_numbers(len(self._learnt), recipe.batch, recipe.seed, step)[share(recipe.batch)]
        some = self._learnt[torch.from_numpy(places)]
        return self._slices.hounsfield[some], self._slices.labels[some], self._slices.markers[some]

    def prepare(self, batch: tuple[torch.Tensor, ...], step: int, done: float) -> tuple[Any, ...]:
        """What ``MarkerLoss`` takes: augmented images, the frozen encoder's features, masks that vary, and markers."""
        recipe = self._recipe
        hounsfield, labels, markers = (tensor.to(self._device, non_blocking=True) for tensor in batch)
        random = step_random(self._device, recipe.seed, step, recipe.batch)
        images, masks = marker_batch(hounsfield, labels == HEMATOMA, random)
        images = network_input(images, WINDOW_HU).to(memory_format=torch.channels_last)
        with torch.no_grad(), recipe.autocast(self._device):
            scores, features = self._network.segment(images)
        shown = varied_masks(masks, hematoma_mask(scores).float(), random)
        if recipe.mask == "true":
            images, shown, *features = cut_out([images, shown, *features[:4]], corners(masks), CROP)
        return images, list(features), shown, markers.float()

    def validate(self, network: nn.Module) -> Validation:
        """Mean AUC of the markers over the validation slices."""
        figures = marker_auc(self.logits(network), self.validated_markers)
        known = [value for value in figures.values() if value is not None]
        return Validation(sum(known) / max(len(known), 1), "AUC of slices: " + _in_words(figures))

    @property
    def validated_markers(self) -> np.ndarray:
        """bool (slices, 4) of the validation slices."""
        return self._slices.markers[self._validation].numpy()

    def logits(self, network: nn.Module) -> np.ndarray:
        """What a network answers to the validation slices, float32 (slices, 4)."""
        return marker_logits(getattr(network, "module", network), self._slices, self._validation, self._device)


def new_training(
    recipe: Recipe, unet: nn.Module, of_unet: UNetRecipe, weights: torch.Tensor, device: torch.device
) -> Training[Recipe]:
    """A training as the recipe's seed begins it; arguments as of ``MarkerLoss``."""
    torch.manual_seed(recipe.seed)
    return Training(MarkerLoss(recipe, unet, of_unet, weights, device), recipe, device)


def train_markers(
    data: Path,
    folder: Path,
    recipe: Recipe,
    budget: Budget,
    device: torch.device,
    *,
    begin: Path | None = None,
    log: Callable[[str], None] = print,
    dataset: SliceDataset | None = None,
    samples: Slices | None = None,
) -> None:
    """Train the markers until the budget is used and write their figures on the validation slices.

    Args:
        data: folder of ``make_data``.
        folder: of the U-Net's training; a checkpoint of this stage there is resumed, its recipe before ``recipe``.
        begin: training folder whose VGG16, of the same shape, is where a new training begins.
        log: called with each line of the log.
        dataset: the slices of ``data``, where they are in memory already. samples: drawn by a generator, learnt from besides.

    Raises:
        InputError: no slice to learn from or to validate on, or a checkpoint that cannot be resumed or written.
    """
    unet, of_unet = trained_unet(folder)
    file = folder / CHECKPOINT
    recipe = recipe_of(file) if file.exists() else recipe
    dataset = dataset or SliceDataset(data, recipe.location, recipe.split, recipe.seed, device)
    slices = dataset.slices
    of_use = slices.with_hematoma & slices.judged
    learnt, shown = ((which & of_use).nonzero()[:, 0] for which in (dataset.training, dataset.validation))
    if not len(learnt) or not len(shown):
        raise InputError(
            f"{data} holds no slice with a hematoma whose markers are known, to learn from or to validate; draw more patients."
        )
    if samples is not None:
        learnt = torch.cat([learnt, len(slices) + torch.arange(len(samples))])
        slices = together([slices, samples])
    training = new_training(recipe, unet, of_unet, weights := class_weights(slices.markers[learnt]), device)
    if file.exists():
        training.resume(file)
        log(f"resumed at step {training.step_count}, {training.seconds / 60:.1f} min")
    elif begin is not None:
        tensors = averaged_weights(begin / CHECKPOINT)
        training.begin_with({name: value for name, value in tensors.items() if "markers." in name}, f"the training {begin.name}")
    weighed = ", ".join(f"{marker} {weight:.2f}" for marker, weight in zip(MARKERS, weights.tolist(), strict=True))
    log(f"learnt from: {how_many(len(learnt), 'slice')} with hematoma; negatives over positives: {weighed}")
    task = MarkerTask(slices, learnt, shown, training.network, recipe, device)
    run(training, task, budget.in_steps(len(learnt), recipe.batch), file, log)
    if distributed.rank() == 0:
        found, true, patients = task.logits(training.average), task.validated_markers, slices.patients[shown]
        figures = marker_auc(found, true)
        shown_markers = dict(zip(MARKERS, true.sum(0).tolist(), strict=True))
        counts = {"patients": len(patients.unique()), "slices": len(shown), "slices_with": shown_markers}
        scores = {"auc": figures, "auc_intervals": auc_intervals(found, true, patients.numpy())}
        facts = {**_variant(recipe), "preparation": asdict(preparation_steps(data)), **counts, **scores}
        write_json(folder / FIGURES, facts)
        log("AUC of all validation slices with hematoma: " + _in_words(figures))
    distributed.wait()


def trained_network(folder: Path) -> tuple[JointNetwork, dict[str, Any], Recipe]:
    """Give the averaged joint network of a training folder, ready to predict, its arguments, and the recipe of the second stage.

    The average that validated best where there is one.

    Raises:
        InputError: there is no checkpoint of the second stage, or the first one knows no ventricular blood.
    """
    file = folder / CHECKPOINT
    if not file.exists():
        raise InputError(f"{folder} holds no {CHECKPOINT}; first: python -m training hematoma train-markers DATA {folder}")
    recipe, best = recipe_of(file), best_of(file)
    arguments = recipe.network_arguments(trained_unet(folder)[1])
    if arguments["classes"] <= INTRAVENTRICULAR:
        raise InputError(f"{folder} was taught hematoma alone; a model finds ventricular blood, too: train with classes=3.")
    network = JointNetwork(**arguments)
    network.load_state_dict(averaged_weights(best if best.exists() else file))
    return network.eval(), arguments, recipe


def recipe_of(file: Path) -> Recipe:
    """The recipe that a checkpoint's training was begun with."""
    return checkpoint_options(file, Recipe)


def class_weights(markers: torch.Tensor) -> torch.Tensor:
    """Equation 2's w_c, (4,): negatives over positives of each marker among bool (slices, 4); 1 where there are no positives."""
    positives = markers.sum(0)
    return torch.where(positives > 0, (len(markers) - positives) / positives.clamp(min=1), 1.0)


def varied_masks(true: torch.Tensor, found: torch.Tensor, random: PictureRandom) -> torch.Tensor:
    """Masks (batch, 1, rows, columns) to learn with: half true, a quarter found (where they fit somewhat), a quarter roughened."""
    kind = random.rand(1, 1, 1)
    both, all_of = (true * found).sum((1, 2, 3), keepdim=True), (true + found).sum((1, 2, 3), keepdim=True)
    fits = 2 * both > 0.5 * all_of
    return torch.where((kind < 0.25) & fits, found, torch.where(kind > 0.75, roughened_masks(true, random), true))


def corners(masks: torch.Tensor) -> list[tuple[int, int]]:
    """First row and column of a view of ``CROP`` pixels about the middle of each mask (batch, 1, rows, columns)."""
    size = masks.shape[-1]
    reach = torch.arange(size, device=masks.device, dtype=torch.float32)
    mass = masks.sum((1, 2, 3))
    middle = torch.stack([masks[:, 0].sum(across) @ reach for across in (2, 1)], dim=1) / mass[:, None]
    middle = torch.where(mass[:, None] > 0, middle, size / 2)
    firsts = ((middle - CROP / 2) / COARSEST_STRIDE).round() * COARSEST_STRIDE
    return [tuple(first) for first in firsts.clamp(0, max(size - CROP, 0)).int().tolist()]


def cut_out(tensors: Sequence[torch.Tensor], firsts: Sequence[tuple[int, int]], side: int) -> list[torch.Tensor]:
    """The same views of tensors (batch, channels, rows, columns) that may be coarser than the first of them by a whole factor."""
    size, pieces = tensors[0].shape[-1], []
    for tensor in tensors:
        stride = size // tensor.shape[-1]
        views = [
            picture[:, row // stride : (row + side) // stride, column // stride : (column + side) // stride]
            for picture, (row, column) in zip(tensor, firsts, strict=True)
        ]
        pieces.append(torch.stack(views).contiguous(memory_format=torch.channels_last))
    return pieces


def _variant(recipe: Recipe) -> dict[str, Any]:
    return {name: getattr(recipe, name) for name in ("pooling", "weighted", "mask", "wavelet", "split", "location")}


def _in_words(figures: dict[str, float | None]) -> str:
    return "  ".join(f"{marker} {'-' if value is None else f'{value:.3f}'}" for marker, value in figures.items())

"""The SNGAN's training: hinge loss of both networks, on crops around the hematomas of a training folder."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from HematomaMarkersLib.labels import HEMATOMA, MARKERS
from HematomaMarkersLib.model.preparation.grid import NETWORK_SIZE
from LesionReadingLib.errors import InputError
from PIL import Image
from torch import nn
from torch.nn import functional

from ...engine import distributed
from ...engine.checkpoint import averaged_weights, checkpoint_options
from ...engine.distributed import share
from ...engine.loop import run
from ...engine.options import Budget, TrainingOptions, one_of, within
from ...engine.randomness import step_random, step_seed
from ...engine.training import Training, Validation
from ...views import chance
from ...wording import how_many
from ...writing import write_json
from ..slices import SPLITS, WINDOW_HU, SliceDataset, Slices
from .likeness import FEATURES, frechet_distance
from .network import SNGAN

CHECKPOINT, FIGURES, GRIDS = "gan.safetensors", "gan.json", "grids"
ALL = "all"
_COMPARED, _COLUMNS = 512, 8


@dataclass(frozen=True)
class GANOptions(TrainingOptions):
    """What a training of the SNGAN is made of, besides what every training has.

    Attributes:
        side: of the crops in pixels. width: channels at the finest scale. noise: length of the random vector.
        labels: ``"all"`` for vectors of all markers, or one marker, for with and without it.
        split: as for the other stages: validation patients are never drawn from.
    """

    batch: int = within(32, 1, 100_000)
    rate: float = within(2e-4, 1e-9, 10.0)
    schedule: str = one_of("constant", "cosine")
    optimizer: str = one_of("adam", "adamw")
    betas: tuple[float, float] = within((0.0, 0.9), 0.0, 0.999999)
    average: float = within(0.999, 0.0, 0.999999)
    gradient_norm: float = within(1000.0, 1e-9, 1e9)
    side: int = within(64, 8, NETWORK_SIZE)
    width: int = within(32, 1, 1024)
    noise: int = within(64, 1, 4096)
    labels: str = one_of(ALL, *MARKERS)
    split: str = one_of(*SPLITS)

    def network(self) -> SNGAN:
        """The networks of these options."""
        return SNGAN(self.side, self.width, len(MARKERS) if self.labels == ALL else 2, self.noise)

    def label_vectors(self, markers: torch.Tensor) -> torch.Tensor:
        """float32 (pictures, labels) of bool (pictures, 4) markers."""
        if self.labels == ALL:
            return markers.float()
        return functional.one_hot(markers[:, MARKERS.index(self.labels)].long(), 2).float()

    def classes(self) -> dict[str, torch.Tensor]:
        """The label of each class that samples are drawn of, by name."""
        if self.labels == ALL:
            return {"no_marker": torch.zeros(len(MARKERS)), **dict(zip(MARKERS, torch.eye(len(MARKERS)), strict=True))}
        return {f"no_{self.labels}": torch.tensor([1.0, 0.0]), self.labels: torch.tensor([0.0, 1.0])}


class HingeLoss(nn.Module):
    """Both networks, and the sum of their hinge losses; each learns from its own alone."""

    def __init__(self, options: GANOptions) -> None:
        super().__init__()
        self.network = options.network()

    def forward(self, real: torch.Tensor, labels: torch.Tensor, noise: torch.Tensor) -> torch.Tensor:
        """Loss of real pictures (batch, 2, side, side) and of as many drawn ones with the same labels (batch, labels)."""
        discriminator, count = self.network.discriminator, len(real)
        drawn = self.network.generator(noise, labels)
        scores = discriminator(torch.cat([real, drawn.detach()]), labels.repeat(2, 1))
        of_discriminator = functional.relu(1 - scores[:count]).mean() + functional.relu(1 + scores[count:]).mean()
        discriminator.requires_grad_(False)
        of_generator = -discriminator(drawn, labels).mean()
        discriminator.requires_grad_(True)
        return of_discriminator + of_generator


class GANTask:
    """Crops to learn from, with their labels; validation compares what is drawn with them, and keeps a grid of pictures.

    Args:
        crops: (pictures, 2, side, side) in -1..1. labels: (pictures, labels). folder: for the grids.
    """

    def __init__(self, crops: torch.Tensor, labels: torch.Tensor, options: GANOptions, device: torch.device, folder: Path) -> None:
        self._crops, self._labels, self._options, self._device = crops, labels, options, device
        self._folder, self._training = folder, None

    def of(self, training: Training) -> GANTask:
        """The same, that names grids by the step of this training."""
        self._training = training
        return self

    def batch(self, step: int) -> tuple[torch.Tensor, torch.Tensor]:
        """This process's crops, and their labels; every label vector that there is comes as often as any other."""
        options = self._options
        random = np.random.default_rng([options.seed, step, 6])
        kinds, kind_of = self._labels.unique(dim=0, return_inverse=True)
        members = [(kind_of == kind).nonzero()[:, 0] for kind in range(len(kinds))]
        chosen = [members[kind] for kind in random.integers(len(kinds), size=options.batch)]
        numbers = torch.tensor([int(each[random.integers(len(each))]) for each in chosen])[share(options.batch)]
        return self._crops[numbers], self._labels[numbers]

    def prepare(self, batch: tuple[torch.Tensor, ...], step: int, done: float) -> tuple[torch.Tensor, ...]:
        """Crops, half of them mirrored left-right, labels, and noise."""
        options = self._options
        crops, labels = (tensor.to(self._device) for tensor in batch)
        random = step_random(self._device, options.seed, step, options.batch)
        crops = torch.where(chance(0.5, random, 1, 1, 1), crops.flip(-1), crops)
        return crops, labels, random.randn(options.noise)

    def validate(self, network: nn.Module) -> Validation:
        """The Frechet distance of drawn pictures from the crops, with their labels; keeps a grid."""
        network = getattr(network, "module", network)
        some = torch.randperm(len(self._crops), generator=torch.Generator().manual_seed(1))[:_COMPARED]
        drawn = draw(network, self._labels[some], 1, self._device)
        distance = frechet_distance(self._crops[some], drawn)
        step = self._training.step_count if self._training else 0
        _grid(network, self._options, self._crops, self._device, self._folder / GRIDS / f"step-{step:07d}.png")
        return Validation(-distance, f"Frechet distance {distance:.2f} ({FEATURES})")


def train_gan(
    data: Path,
    folder: Path,
    options: GANOptions,
    budget: Budget,
    device: torch.device,
    log: Callable[[str], None] = print,
    dataset: SliceDataset | None = None,
) -> None:
    """Train the SNGAN on the slices with hematoma of a training folder until the budget is used.

    Args:
        data: folder of ``make_data``. folder: for checkpoint, grids, figures; a checkpoint there is resumed.
        dataset: the slices of ``data``, where they are in memory already.

    Raises:
        InputError: too few slices, or a checkpoint that cannot be resumed or written.
    """
    file = folder / CHECKPOINT
    folder.mkdir(parents=True, exist_ok=True)
    if file.exists():
        options = options_of(folder)
    dataset = dataset or SliceDataset(data, None, options.split, options.seed)
    numbers = (dataset.training & dataset.slices.with_hematoma & dataset.slices.judged).nonzero()[:, 0]
    labels = options.label_vectors(dataset.slices.markers[numbers])
    if len(labels.unique(dim=0)) < 2:
        raise InputError(f"{data} holds hematomas of one kind alone, nothing to tell apart; add patients with other markers.")
    torch.manual_seed(options.seed)
    training = Training(HingeLoss(options), options, device)
    if file.exists():
        training.resume(file)
        log(f"resumed at step {training.step_count}, {training.seconds / 60:.1f} min")
    crops = hematoma_crops(dataset.slices, numbers, options.side)
    log(f"{how_many(len(crops), 'hematoma')} of {len(labels.unique(dim=0))} kinds to learn from")
    half = len(crops) // 2
    same = frechet_distance(crops[:half], crops[half:])
    log(f"Frechet distance of one half of them from the other: {same:.2f}")
    task = GANTask(crops, labels, options, device, folder).of(training)
    run(training, task, budget.in_steps(len(crops), options.batch), file, log)
    if distributed.rank() == 0:
        figures = {"best_distance": -training.best, "distance_of_halves": same, "features": FEATURES, "hematomas": len(crops)}
        write_json(folder / FIGURES, {**figures, "options": asdict(options)})


def trained_gan(folder: Path) -> tuple[SNGAN, GANOptions]:
    """The averaged networks of a training folder's last checkpoint, and their options.

    Raises:
        InputError: there is no checkpoint.
    """
    if not (folder / CHECKPOINT).exists():
        raise InputError(f"{folder} holds no {CHECKPOINT}; first: python -m training hematoma train-gan DATA {folder}")
    options = options_of(folder)
    network = options.network()
    network.load_state_dict(averaged_weights(folder / CHECKPOINT))
    return network.eval(), options


def options_of(folder: Path) -> GANOptions:
    """The options that a folder's training was begun with."""
    return checkpoint_options(folder / CHECKPOINT, GANOptions)


def hematoma_crops(slices: Slices, numbers: torch.Tensor, side: int) -> torch.Tensor:
    """Density and mask, float32 (pictures, 2, side, side) in -1..1, about the hematoma of slices of these numbers."""
    low, high = WINDOW_HU
    crops = []
    for number in numbers.tolist():
        mask = (slices.labels[number] == HEMATOMA).cpu()
        rows, columns = mask.nonzero().float().mean(0).round().long().tolist()
        top, left = (min(max(middle - side // 2, 0), len(mask) - side) for middle in (rows, columns))
        density = (slices.hounsfield[number].cpu().float() - low) / (high - low)
        pair = torch.stack([density.clamp(0, 1), mask.float()])
        crops.append(pair[:, top : top + side, left : left + side] * 2 - 1)
    return torch.stack(crops)


@torch.no_grad()
def draw(network: SNGAN, labels: torch.Tensor, seed: int, device: torch.device, at_once: int = 64) -> torch.Tensor:
    """Pictures (count, 2, side, side) in -1..1 with labels (count, labels), on the processor; the same seed gives the same ones."""
    network = network.to(device).eval()
    noise = torch.randn(len(labels), network.noise, generator=torch.Generator().manual_seed(step_seed(seed, 7)))
    pairs = zip(noise.split(at_once), labels.split(at_once), strict=True)
    return torch.cat([network(some.to(device), label.to(device)).float().cpu() for some, label in pairs])


def _grid(network: SNGAN, options: GANOptions, crops: torch.Tensor, device: torch.device, file: Path) -> None:
    """One row of drawn pictures for every class, from the same noise, and a row of real ones at the bottom."""
    rows = [draw(network, label.repeat(_COLUMNS, 1), 0, device) for label in options.classes().values()]
    rows.append(crops[torch.linspace(0, len(crops) - 1, _COLUMNS).long()])
    grey = torch.cat([torch.cat(list(row[:, 0]), dim=1) for row in rows], dim=0)
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(((grey + 1) * 127.5).round().clamp(0, 255).byte().numpy()).save(file)

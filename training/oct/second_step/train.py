"""Training of the second step: calcium in the unrolled wall. A budget of steps, a seed, and the same weights again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from LesionReadingLib.model.weights import load_weights
from OCTCalciumLib.model.polar_network import PolarUNet
from safetensors.torch import save_file
from torch.nn import functional
from torch.utils.data import DataLoader, Dataset

from .augment import plain_view, random_views
from .views import Views

WEIGHTS = "calcium.safetensors"


@dataclass(frozen=True)
class PolarRecipe:
    """How the calcium network learns.

    Attributes:
        steps: batches learnt from. batch: views at once. rate: largest learning rate, reached after a short rise.
        real_share: share of views from real frames. painted_share: share of those into which calcium is painted.
        look_alike_share: share of views whose wall beside the calcium is given something that looks like it.
        calcium_weight: weight of calcium's samples in the cross-entropy. average: of the running average of the weights.
    """

    steps: int = 2000
    batch: int = 12
    rate: float = 2e-3
    real_share: float = 0.3
    painted_share: float = 0.7
    look_alike_share: float = 0.0
    calcium_weight: float = 1.5
    average: float = 0.995
    weight_decay: float = 1e-3
    seed: int = 0


def new_network(recipe: PolarRecipe, weights: Mapping[str, torch.Tensor] | None = None) -> PolarUNet:
    """The network as the recipe's seed begins it, or with the weights of an earlier training."""
    torch.manual_seed(recipe.seed)
    network = PolarUNet()
    if weights is not None:
        network.load_state_dict(weights)
    return network


def train_calcium(
    network: PolarUNet,
    views: Views,
    folder: Path,
    recipe: PolarRecipe,
    log: Callable[[str], None],
    validate: Callable[[PolarUNet], str] | None = None,
    every: int = 200,
    device: torch.device | None = None,
    processes: int = 0,
) -> PolarUNet:
    """Learn calcium from views; give the averaged network, whose weights are also in ``folder``.

    Args:
        network: to begin with. validate: called with the averaged network every so many (``every``) steps; what it gives is logged.
        device: the processor by default. processes: how many draw the batches; their number changes no batch.
    """
    folder.mkdir(parents=True, exist_ok=True)
    device = device or torch.device("cpu")
    network = network.to(device)
    average = deepcopy(network).eval()
    optimizer = torch.optim.AdamW(network.parameters(), recipe.rate, weight_decay=recipe.weight_decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, recipe.rate, recipe.steps, pct_start=0.08)
    losses: list[torch.Tensor] = []
    batches = DataLoader(_Batches(views, recipe), batch_size=None, num_workers=processes)
    for step, (images, targets) in enumerate(batches, start=1):
        network.train()
        scores = network(images.to(device))
        loss = calcium_loss(scores, targets.to(device), recipe.calcium_weight)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 2.0)
        optimizer.step()
        schedule.step()
        _follow(average, network, min(recipe.average, step / (step + 10)))
        losses.append(loss.detach())
        if step % every == 0 or step == recipe.steps:
            kept = {name: tensor.cpu().contiguous() for name, tensor in average.state_dict().items()}
            save_file(kept, folder / WEIGHTS)
            mean = torch.stack(losses[-every:]).mean().item()
            log(f"step {step}  loss {mean:.4f}" + (f"  {validate(average)}" if validate else ""))
    return average


class _Batches(Dataset):
    """The random batches of a recipe by number, each from a seed of its own: the same whoever draws it, and in which order."""

    def __init__(self, views: Views, recipe: PolarRecipe) -> None:
        self._views, self._recipe = views, recipe

    def __len__(self) -> int:
        return self._recipe.steps

    def __getitem__(self, number: int) -> tuple[np.ndarray, np.ndarray]:
        recipe = self._recipe
        random = np.random.default_rng([recipe.seed, 5, number])
        return random_views(
            self._views,
            recipe.batch,
            random,
            real_share=recipe.real_share,
            painted_share=recipe.painted_share,
            look_alike_share=recipe.look_alike_share,
        )


def calcium_loss(scores: torch.Tensor, targets: torch.Tensor, calcium_weight: float) -> torch.Tensor:
    """Cross-entropy of every sample plus one minus the soft Dice over the batch."""
    weight = torch.tensor(calcium_weight, device=scores.device)
    entropy = functional.binary_cross_entropy_with_logits(scores, targets, pos_weight=weight)
    chance = torch.sigmoid(scores)
    overlap = (2 * (chance * targets).sum() + 1) / (chance.sum() + targets.sum() + 1)
    return entropy + 1 - overlap


@torch.inference_mode()
def views_overlap(network: PolarUNet, views: Views, batch: int = 16) -> float:
    """IoU of calcium over all samples of views taken as they are."""
    both = either = 0
    device = next(network.parameters()).device
    for first in range(0, len(views), batch):
        pairs = [plain_view(views, index) for index in range(first, min(first + batch, len(views)))]
        images, truth = (np.stack(arrays) for arrays in zip(*pairs, strict=True))
        found = network(torch.from_numpy(images).to(device)).cpu().numpy() > 0
        both += int((found & truth).sum())
        either += int((found | truth).sum())
    return both / max(either, 1)


def earlier_weights(file: Path) -> dict[str, torch.Tensor]:
    """The second step's weights of a safetensors file: of ``train-calcium``, or of a two-step bundle's first member."""
    tensors = load_weights(file)
    of_bundle = {name.removeprefix("calcium.0."): tensor for name, tensor in tensors.items() if name.startswith("calcium.0.")}
    return {name: tensor.float() if tensor.is_floating_point() else tensor for name, tensor in (of_bundle or tensors).items()}


def overlaps(network: PolarUNet, views: Views) -> str:
    """IoU of calcium in validation views, source by source, for a log."""
    each = {source: views_overlap(network, views.of(source)) for source in np.unique(views.source)}
    return "IoU of validation views " + ", ".join(f"{overlap:.3f}" for overlap in each.values())


def _follow(average: PolarUNet, network: PolarUNet, share: float) -> None:
    with torch.no_grad():
        for kept, new in zip(average.state_dict().values(), network.state_dict().values(), strict=True):
            if kept.is_floating_point():
                kept.lerp_(new, 1 - share)
            else:
                kept.copy_(new)

"""How any network of these trainings learns, and for how long."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import torch
from LesionReadingLib.model.prediction import fastest_dtype

WARM_UP = 0.03
WORDS, LIMITS, COUNT, SIDES = "words", "limits", "count", "sides"
Options = TypeVar("Options", bound="TrainingOptions")


def one_of(default: str | None, *others: str | None) -> Any:
    """A field that is one of these words."""
    return field(default=default, metadata={WORDS: (default, *others)})


def within(default: float | tuple[float, ...], least: float, most: float) -> Any:
    """A field from ``least`` to ``most``, or of as many numbers as its default."""
    return field(default=default, metadata={LIMITS: (least, most), COUNT: len(default) if isinstance(default, tuple) else 1})


def views(default: tuple[tuple[float, int], ...], multiple: int, most: int) -> Any:
    """A field of pairs (share of the training after which it ends, side of the view in pixels), ending with the whole of it.

    Args:
        multiple: of which every side is one, as the network needs it. most: largest side.
    """
    return field(default=default, metadata={SIDES: (multiple, most)})


@dataclass(frozen=True)
class TrainingOptions:
    """How a network learns, whatever it learns. A task's own options are a subclass; all are kept in the checkpoint.

    Attributes:
        batch: pictures per step, of all processes together.
        rate: highest learning rate.
        schedule: ``"cosine"`` (a short rise, then half a cosine down to a hundredth) or ``"constant"``.
        optimizer: ``"adamw"`` or ``"adam"``. weight_decay: of AdamW; Adam has none. betas: of either.
        average: decay of the running average of the weights, which is what is kept; 0 keeps the last weights.
        gradient_norm: to which longer gradients are clipped.
        precision: ``"auto"`` (bfloat16 where the device calculates in it), ``"float32"`` or ``"bfloat16"``.
        seed: of weights, batches and augmentation.
        validate_every: steps between two validations; 0 for twenty in all.
        patience: validations without a better score after which the training ends; 0 for none.
        checkpoint_seconds: between two checkpoints.
        workers: processes that read batches ahead; 0 where pictures are in memory.
    """

    batch: int = within(8, 1, 100_000)
    rate: float = within(1e-3, 1e-9, 10.0)
    schedule: str = one_of("cosine", "constant")
    optimizer: str = one_of("adamw", "adam")
    weight_decay: float = within(1e-4, 0.0, 1.0)
    betas: tuple[float, float] = within((0.9, 0.999), 0.0, 0.999999)
    average: float = within(0.998, 0.0, 0.999999)
    gradient_norm: float = within(1.0, 1e-9, 1e9)
    precision: str = one_of("auto", "float32", "bfloat16")
    seed: int = 0
    validate_every: int = 0
    patience: int = 0
    checkpoint_seconds: float = 180.0
    workers: int = within(0, 0, 256)

    def rate_at(self, done: float) -> float:
        """Learning rate after the share ``done`` of the training."""
        if self.schedule == "constant":
            return self.rate
        rise = min(1.0, (done + 1e-3) / WARM_UP)
        return self.rate * rise * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * min(done, 1.0))))

    def average_in(self, averages: Sequence[torch.Tensor], newest: Sequence[torch.Tensor], count: int) -> None:
        """Move running averages of ``count`` values towards their newest ones; quickly at first, when the weights change much."""
        if not averages[0].is_floating_point():  # how many batches a batch norm has seen
            torch._foreach_copy_(list(averages), list(newest))
            return
        decay = min(self.average, (1 + count) / (10 + count))
        torch._foreach_lerp_(list(averages), list(newest), 1 - decay)

    def new_optimizer(self, parameters: Sequence[torch.nn.Parameter], device: torch.device) -> torch.optim.Optimizer:
        """The optimiser of these parameters."""
        if self.optimizer == "adam":
            return torch.optim.Adam(parameters, self.rate, self.betas, fused=True)
        return torch.optim.AdamW(parameters, self.rate, self.betas, weight_decay=self.weight_decay, fused=True)

    def autocast(self, device: torch.device) -> torch.autocast:
        """The precision of the forward pass."""
        precision = torch.float32 if self.precision == "float32" else torch.bfloat16
        chosen = fastest_dtype(device) if self.precision == "auto" else precision
        return torch.autocast(device.type, torch.bfloat16, enabled=chosen == torch.bfloat16)


@dataclass(frozen=True)
class Budget:
    """When a training ends, an earlier part included: after so many minutes or steps, whichever comes first.

    Attributes:
        epochs: instead of steps: how often every picture is learnt from, see ``in_steps``.
    """

    minutes: float = math.inf
    steps: float = math.inf
    epochs: float | None = None

    def done(self, seconds: float, steps: int) -> float:
        """The share of the training that is done, 0 to 1 and a little more."""
        return max(seconds / 60 / self.minutes, steps / self.steps)

    def in_steps(self, pictures: int, batch: int) -> Budget:
        """The same, its epochs counted in steps: the last batch of an epoch is filled with the first pictures of the next."""
        if self.epochs is None:
            return self
        return replace(self, steps=min(self.steps, math.ceil(self.epochs * pictures / batch)), epochs=None)


def as_tuples(value: Any) -> Any:
    """A value of YAML or JSON, which know lists in place of tuples."""
    return tuple(map(as_tuples, value)) if isinstance(value, list) else value

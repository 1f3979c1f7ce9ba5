"""A network that learns: its running average, its optimiser, how far it has come, and its checkpoint.

Both trainings use it: what differs is the network, the pictures and the loss.
"""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import nn
from torch.optim.swa_utils import AveragedModel

WARM_UP = 0.03
CHECKPOINT_EVERY_S = 180
LOG_EVERY_STEPS = 50


@dataclass(frozen=True)
class Pace:
    """How a network learns, whatever it learns.

    Attributes:
        batch: pictures per step.
        rate: highest learning rate.
        average: decay of the running average of the weights, which is what is kept.
        weight_decay: of AdamW.
        seed: of weights, pictures and augmentation.
    """

    batch: int = 8
    rate: float = 1e-3
    average: float = 0.998
    weight_decay: float = 1e-4
    seed: int = 0

    def rate_at(self, done: float) -> float:
        """Learning rate after the share ``done`` of the training: a short rise, then half a cosine down to a hundredth."""
        rise = min(1.0, (done + 1e-3) / WARM_UP)
        return self.rate * rise * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * min(done, 1.0))))

    def average_in(self, averages: Sequence[torch.Tensor], newest: Sequence[torch.Tensor], count: torch.Tensor | int) -> None:
        """Move running averages of tensors towards their newest values; quickly at first, when the weights still change much."""
        if not averages[0].is_floating_point():  # how many batches a batch norm has seen
            for average, value in zip(averages, newest, strict=True):
                average.copy_(value)
            return
        decay = min(self.average, (1 + float(count)) / (10 + float(count)))
        torch._foreach_lerp_(list(averages), list(newest), 1 - decay)


@dataclass(frozen=True)
class Budget:
    """When a training ends: after so many minutes or so many steps (an earlier part included), whichever comes first."""

    minutes: float = math.inf
    steps: float = math.inf

    def done(self, seconds: float, steps: int) -> float:
        """The share of the training that is done, 0 to 1 and a little more."""
        return max(seconds / 60 / self.minutes, steps / self.steps)


class Learner:
    """A training in progress: the network, its running average, the optimiser, and how far it has come.

    Args:
        network: its parameters that require gradients are learnt, the others stay.
        recipe: how; a dataclass of numbers, kept in the checkpoint.
    """

    def __init__(self, network: nn.Module, recipe: Pace, device: torch.device) -> None:
        self.recipe, self.device = recipe, device
        self.network = network.to(device, memory_format=torch.channels_last)
        self.average = AveragedModel(self.network, multi_avg_fn=recipe.average_in, use_buffers=True)
        self._learnt = [parameter for parameter in self.network.parameters() if parameter.requires_grad]
        self.optimizer = torch.optim.AdamW(self._learnt, recipe.rate, weight_decay=recipe.weight_decay, fused=device.type == "cuda")
        self.random = torch.Generator(device).manual_seed(recipe.seed)
        self.step_count, self.seconds = 0, 0.0

    def learn(self, loss: torch.Tensor, done: float) -> torch.Tensor:
        """Change the weights by the loss's gradient, after the share ``done`` of the training; give the loss, on the device."""
        for group in self.optimizer.param_groups:
            group["lr"] = self.recipe.rate_at(done)
        self.optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self._learnt, 1.0, error_if_nonfinite=True)
        self.optimizer.step()
        self.average.update_parameters(self.network)
        self.step_count += 1
        return loss.detach()

    def save(self, file: Path) -> None:
        """Write a checkpoint; it replaces the one before it in one go."""
        tensors = {f"network.{name}": value for name, value in self.network.state_dict().items()}
        tensors |= {f"average.{name}": value for name, value in self.average.state_dict().items()}
        for index, state in self.optimizer.state_dict()["state"].items():
            tensors |= {f"optimizer.{index}.{name}": value for name, value in state.items()}
        tensors = {name: value.contiguous() for name, value in tensors.items()}
        save_file(tensors, f"{file}.part", self._told())
        os.replace(f"{file}.part", file)

    def _told(self) -> dict[str, str]:
        return {"recipe": json.dumps(asdict(self.recipe)), "step_count": str(self.step_count), "seconds": str(self.seconds)}

    def save_average(self, file: Path) -> None:
        """Write the running average alone, in half precision but for the batch norms' statistics: a small file to carry away.

        ``averaged_weights`` and ``checkpoint_recipe`` read it like a checkpoint; no training goes on from it.
        """
        tensors = halved({f"average.{name}": value for name, value in self.average.state_dict().items()})
        save_file(tensors, f"{file}.part", self._told())
        os.replace(f"{file}.part", file)

    def take_up(self, file: Path) -> None:
        """Go on from a checkpoint of the same network and recipe."""
        tensors, facts = load_file(file, device=str(self.device)), _facts(file)
        self.network.load_state_dict(part(tensors, "network."))
        self.average.load_state_dict(part(tensors, "average."))
        state: dict[int, dict[str, torch.Tensor]] = {}
        for name, value in part(tensors, "optimizer.").items():
            index, field = name.split(".", 1)
            state.setdefault(int(index), {})[field] = value
        groups = self.optimizer.state_dict()["param_groups"]
        self.optimizer.load_state_dict({"state": state, "param_groups": groups})
        self.step_count, self.seconds = int(facts["step_count"]), float(facts["seconds"])
        self.random.manual_seed(self.recipe.seed + self.step_count)
        torch.manual_seed(self.recipe.seed + self.step_count)

    def begin_with(self, tensors: Mapping[str, torch.Tensor]) -> int:
        """Copy the tensors that fit by name and shape into a new training's network; give how many did."""
        own = self.network.state_dict()
        fitting = {name: value for name, value in tensors.items() if name in own and own[name].shape == value.shape}
        self.network.load_state_dict(own | fitting)
        return len(fitting)

    def run(
        self,
        budget: Budget,
        file: Path,
        step: Callable[[float], torch.Tensor],
        watch: Callable[[], Watched],
        say: Callable[[str], None],
        watch_every: int = 0,
    ) -> None:
        """Learn until the budget is used, with a checkpoint every three minutes; ``best_of(file)`` holds the best watched average.

        Args:
            file: the checkpoint. step: learns from one batch after the share of the training that it is given; gives the loss.
            watch: how good the running average is now. say: called with each line of the log.
            watch_every: steps after which the average is watched, besides at every checkpoint; 0 for none.
        """
        losses: list[torch.Tensor] = []
        started = time.monotonic() - self.seconds
        checkpointed = time.monotonic()
        best = -math.inf

        def watched() -> None:
            nonlocal best
            found = watch()
            say(f"{self.seconds / 60:6.1f} min  watched: {found.line}")
            if found.score > best:
                best = found.score
                self.save_average(best_of(file))

        while (done := budget.done(self.seconds, self.step_count)) < 1:
            losses.append(step(done))
            self.seconds = time.monotonic() - started
            if self.step_count % LOG_EVERY_STEPS == 0:
                say(self._log_line(torch.stack(losses).mean().item(), done))
                losses.clear()
            if watch_every and self.step_count % watch_every == 0:
                watched()
            if time.monotonic() - checkpointed > CHECKPOINT_EVERY_S:
                self.save(file)
                watched()
                checkpointed = time.monotonic()
        self.save(file)
        watched()

    def _log_line(self, loss: float, done: float) -> str:
        per_second = self.step_count * self.recipe.batch / max(self.seconds, 1e-6)
        return (
            f"{self.seconds / 60:6.1f} min  step {self.step_count:6d}  loss {loss:.4f}  "
            f"rate {self.recipe.rate_at(done):.5f}  {per_second:.1f} pictures/s"
        )


@dataclass(frozen=True)
class Watched:
    """How good a running average is on what is only watched: ``score``, the larger the better, and a ``line`` for people."""

    score: float
    line: str


def best_of(file: Path) -> Path:
    """Where the best watched average of a checkpoint's training lies."""
    return file.with_stem(f"{file.stem}-best")


def halved(tensors: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The tensors in half precision, but for counts and for the batch norms' statistics, which may be beyond its range."""
    return {
        name: (value.half() if value.is_floating_point() and "running_" not in name else value).contiguous()
        for name, value in tensors.items()
    }


def checkpoint_recipe(file: Path) -> dict:
    """The recipe with which a checkpoint's training was begun."""
    return json.loads(_facts(file)["recipe"])


def averaged_weights(file: Path) -> dict[str, torch.Tensor]:
    """The running average of a checkpoint's weights, by name, in single precision: what a training gives."""
    tensors = part(load_file(file), "average.module.")
    return {name: value.float() if value.is_floating_point() else value for name, value in tensors.items()}


def part(tensors: dict[str, torch.Tensor], prefix: str) -> dict[str, torch.Tensor]:
    """The tensors whose name begins with ``prefix``, without it."""
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}


def _facts(file: Path) -> dict[str, str]:
    with safe_open(file, "pt") as opened:
        return opened.metadata()


def autocast(device: torch.device, on_processor: torch.dtype = torch.float32) -> torch.autocast:
    """bfloat16 on CUDA, and on a processor what the network is quicker in.

    Args:
        on_processor: bfloat16 halves the time of DeepLab v3+; EfficientNet's depthwise convolutions are quicker in float32.
    """
    return torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda" or on_processor == torch.bfloat16)

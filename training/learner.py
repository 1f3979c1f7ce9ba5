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

import numpy as np
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

    def averaged(self, average: torch.Tensor, newest: torch.Tensor, count: torch.Tensor) -> torch.Tensor:
        """Move the running average of a tensor towards its newest value; quickly at first, when the weights still change much."""
        decay = min(self.average, (1 + float(count)) / (10 + float(count)))
        return average + (1 - decay) * (newest - average)


class Learner:
    """A training in progress: the network, its running average, the optimiser, and how far it has come.

    Args:
        network: its parameters that require gradients are learnt, the others stay.
        recipe: how; a dataclass of numbers, kept in the checkpoint.
    """

    def __init__(self, network: nn.Module, recipe: Pace, device: torch.device) -> None:
        self.recipe, self.device = recipe, device
        self.network = network.to(device, memory_format=torch.channels_last)
        self.average = AveragedModel(self.network, avg_fn=recipe.averaged, use_buffers=True)
        self._learnt = [parameter for parameter in self.network.parameters() if parameter.requires_grad]
        self.optimizer = torch.optim.AdamW(self._learnt, recipe.rate, weight_decay=recipe.weight_decay)
        self.random = torch.Generator(device).manual_seed(recipe.seed)
        self.step_count, self.seconds = 0, 0.0

    def learn(self, loss: torch.Tensor, done: float) -> float:
        """Change the weights by the loss's gradient, after the share ``done`` of the training; give the loss."""
        for group in self.optimizer.param_groups:
            group["lr"] = self.recipe.rate_at(done)
        self.optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self._learnt, 1.0, error_if_nonfinite=True)
        self.optimizer.step()
        self.average.update_parameters(self.network)
        self.step_count += 1
        return float(loss.detach())

    def save(self, file: Path) -> None:
        """Write a checkpoint; it replaces the one before it in one go."""
        tensors = {f"network.{name}": value for name, value in self.network.state_dict().items()}
        tensors |= {f"average.{name}": value for name, value in self.average.state_dict().items()}
        for index, state in self.optimizer.state_dict()["state"].items():
            tensors |= {f"optimizer.{index}.{name}": value for name, value in state.items()}
        tensors = {name: value.contiguous() for name, value in tensors.items()}
        facts = {"recipe": json.dumps(asdict(self.recipe)), "step_count": str(self.step_count), "seconds": str(self.seconds)}
        save_file(tensors, f"{file}.part", facts)
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
        minutes: float,
        file: Path,
        step: Callable[[float], float],
        watch: Callable[[], str],
        say: Callable[[str], None],
    ) -> None:
        """Learn for ``minutes`` in all (an earlier part included), with a checkpoint every three minutes.

        Args:
            file: the checkpoint. step: learns from one batch after the share of the training that it is given; gives the loss.
            watch: a line about how good the running average is now. say: called with each line of the log.
        """
        losses: list[float] = []
        started = time.monotonic() - self.seconds
        checkpointed = time.monotonic()
        while self.seconds < minutes * 60:
            losses.append(step(self.seconds / (minutes * 60)))
            self.seconds = time.monotonic() - started
            if self.step_count % LOG_EVERY_STEPS == 0:
                say(self._log_line(losses, minutes))
                losses.clear()
            if time.monotonic() - checkpointed > CHECKPOINT_EVERY_S:
                self.save(file)
                say(self._watched_line(watch()))
                checkpointed = time.monotonic()
        self.save(file)
        say(self._watched_line(watch()))

    def _log_line(self, losses: Sequence[float], minutes: float) -> str:
        done = self.seconds / (minutes * 60)
        per_second = self.step_count * self.recipe.batch / max(self.seconds, 1e-6)
        return (
            f"{self.seconds / 60:6.1f} min  step {self.step_count:6d}  loss {np.mean(losses):.4f}  "
            f"rate {self.recipe.rate_at(done):.5f}  {per_second:.1f} pictures/s"
        )

    def _watched_line(self, figures: str) -> str:
        return f"{self.seconds / 60:6.1f} min  checkpoint; {figures}"


def checkpoint_recipe(file: Path) -> dict:
    """The recipe with which a checkpoint's training was begun."""
    return json.loads(_facts(file)["recipe"])


def averaged_weights(file: Path) -> dict[str, torch.Tensor]:
    """The running average of a checkpoint's weights, by name: what a training gives."""
    return part(load_file(file), "average.module.")


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

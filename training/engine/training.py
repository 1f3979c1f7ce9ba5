"""What every training is made of: a network with its running average, its optimiser and its checkpoint, and a task.

Everything random at a step follows from the seed and the step's number, and each small group of pictures has a seed of its own.
So the step's number is the sampler's position and the state of all random generators in one, a training that was killed goes on
as if nothing had happened, and the number of processes changes nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

import torch
from LesionReadingLib.errors import InputError
from torch import nn
from torch.optim.swa_utils import AveragedModel

from . import distributed
from .checkpoint import halved, part, read_facts, read_tensors, write_tensors
from .graph import RecordedLoss, calculated
from .options import TrainingOptions
from .randomness import step_seed

Options = TypeVar("Options", bound=TrainingOptions)


@dataclass(frozen=True)
class Validation:
    """How good a running average is on validation pictures: ``score``, the larger the better, and a ``line`` for people."""

    score: float
    line: str


class Task(Protocol):
    """What differs between trainings: which pictures, and how they are shown."""

    def batch(self, step: int) -> tuple[torch.Tensor, ...]:
        """This process's pictures of a step, from 0, and their truth: ``distributed.share`` of the whole batch."""

    def prepare(self, batch: tuple[torch.Tensor, ...], step: int, done: float) -> tuple[Any, ...]:
        """The batch on the device, augmented: what the module's forward takes."""

    def validate(self, network: nn.Module) -> Validation:
        """How good a network is."""


class Training(Generic[Options]):
    """A training in progress: the network, its running average, the optimiser, and how far it has come.

    Args:
        module: its ``network`` is learnt (those parameters that require gradients); its forward gives the loss of a batch. Where
            it has ``asks_no_values``, its forward needs no tensor's values on the processor, and a GPU repeats it as recorded.
        options: how; kept in the checkpoint.
    """

    def __init__(self, module: nn.Module, options: Options, device: torch.device) -> None:
        self.options, self.device = options, device
        self.average = AveragedModel(module.network, device, multi_avg_fn=self._average_in, use_buffers=True)
        self.average.n_averaged = self.average.n_averaged.cpu()  # asked for at every step, and a GPU would have to be waited for
        self.average.module.to(memory_format=torch.channels_last)
        self.module = distributed.for_whole_batches(module.to(device, memory_format=torch.channels_last), device)
        self.network = self.module.network
        self._learnt = [parameter for parameter in self.network.parameters() if parameter.requires_grad]
        self.optimizer = options.new_optimizer(self._learnt, device)
        self.step_count, self.seconds, self.best, self.since_best = 0, 0.0, -math.inf, 0
        self.began_with = "random weights"
        self._loss_with_gradients: Callable[[Sequence[Any]], torch.Tensor] | None = None
        self._gradient_norm = torch.zeros((), device=device)

    def learn(self, inputs: Sequence[Any], done: float) -> torch.Tensor:
        """Change the weights by the loss of a prepared batch, after the share ``done`` of the training; give the loss.

        Raises:
            RuntimeError: the gradients of the step before were not finite. Told a step late, because a GPU that is asked for a
                number must first have done all its work, and the next batch is prepared meanwhile.
        """
        if self._loss_with_gradients is None:
            self._loss_with_gradients = self._calculation()
        self._require_finite_gradients()
        torch.manual_seed(step_seed(self.options.seed, self.step_count))  # of dropout
        for group in self.optimizer.param_groups:
            group["lr"] = self.options.rate_at(done)
        loss = self._loss_with_gradients(inputs)
        self._gradient_norm = torch.nn.utils.clip_grad_norm_(self._learnt, self.options.gradient_norm)
        self.optimizer.step()
        self.average.update_parameters(self.network)
        self.step_count += 1
        return loss

    def _calculation(self) -> Callable[[Sequence[Any]], torch.Tensor]:
        """What gives the loss of a batch and lets its gradients be the parameters'."""
        if self.device.type == "cuda" and distributed.count() == 1 and getattr(self.module, "asks_no_values", False):
            return RecordedLoss(self.module)
        return partial(calculated, distributed.parallel(self.module, self.device), self._learnt)

    def _average_in(self, averages: Sequence[torch.Tensor], newest: Sequence[torch.Tensor], _count: torch.Tensor) -> None:
        self.options.average_in(averages, newest, int(self.average.n_averaged))

    def _require_finite_gradients(self) -> None:
        if not torch.isfinite(self._gradient_norm):
            raise RuntimeError(f"The gradients of step {self.step_count} were not finite.")

    def save(self, file: Path) -> None:
        """Write a checkpoint; it replaces the one before it in one go.

        Raises:
            InputError: the disk takes no more; the checkpoint before it is whole.
            RuntimeError: the last gradients were not finite.
        """
        self._require_finite_gradients()
        tensors = {f"network.{name}": value for name, value in self.network.state_dict().items()}
        tensors |= {f"average.{name}": value for name, value in self.average.state_dict().items()}
        for index, state in self.optimizer.state_dict()["state"].items():
            tensors |= {f"optimizer.{index}.{name}": value for name, value in state.items()}
        write_tensors(file, tensors, self._facts())

    def save_average(self, file: Path) -> None:
        """Write the running average alone, in half precision but for the batch norms' statistics: a small file to carry away.

        ``averaged_weights`` and ``checkpoint_options`` read it like a checkpoint; no training goes on from it.
        """
        self._require_finite_gradients()
        tensors = halved({f"average.{name}": value for name, value in self.average.state_dict().items()})
        write_tensors(file, tensors, self._facts())

    def resume(self, file: Path) -> None:
        """Go on from a checkpoint of the same network and options.

        Raises:
            InputError: it is of another network.
        """
        tensors, facts = read_tensors(file, self.device), read_facts(file)
        state: dict[int, dict[str, torch.Tensor]] = {}
        for name, value in part(tensors, "optimizer.").items():
            index, field = name.split(".", 1)
            state.setdefault(int(index), {})[field] = value
        groups = self.optimizer.state_dict()["param_groups"]
        try:
            self.network.load_state_dict(part(tensors, "network."))
            self.average.load_state_dict(part(tensors, "average."))
            self.optimizer.load_state_dict({"state": state, "param_groups": groups})
        except (RuntimeError, ValueError) as error:
            raise InputError(f"{file} is a checkpoint of another network; choose another folder for this training.") from error
        for parameter, moments in self.optimizer.state.items():
            for name, value in moments.items():
                if value.shape == parameter.shape:  # in memory as its parameter, which fused optimisers of a GPU insist on
                    moments[name] = torch.empty_like(parameter).copy_(value)
        self.step_count, self.seconds, self.began_with = facts["step"], facts["seconds"], facts["began_with"]
        self.best, self.since_best = facts["best"] if facts["best"] is not None else -math.inf, facts["since_best"]

    def begin_with(self, tensors: Mapping[str, torch.Tensor], name: str) -> int:
        """Copy the tensors that fit by name and shape into a new training's network; give how many did.

        Args:
            name: of where they come from, for the checkpoint and the model card.
        """
        own = self.network.state_dict()
        fitting = {name: value for name, value in tensors.items() if name in own and own[name].shape == value.shape}
        self.network.load_state_dict(own | fitting)
        self.average.module.load_state_dict(self.network.state_dict())
        self.began_with = f"{len(fitting)} of {len(own)} tensors of {name}"
        return len(fitting)

    def _facts(self) -> dict[str, Any]:
        best = None if math.isinf(self.best) else self.best
        return {
            "options": asdict(self.options),
            "step": self.step_count,
            "seconds": self.seconds,
            "best": best,
            "since_best": self.since_best,
            "began_with": self.began_with,
        }

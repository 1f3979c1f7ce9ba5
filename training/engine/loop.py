"""The loop of all trainings: MONAI's ``SupervisedTrainer``, with Ignite handlers that log, validate and keep checkpoints."""

from __future__ import annotations

import logging
import math
import os
import time
from collections.abc import Callable
from pathlib import Path

import torch
from ignite.engine import Engine, Events
from monai.engines import SupervisedTrainer
from torch.utils.data import DataLoader, Dataset

from ..wording import how_many
from . import distributed
from .checkpoint import best_of
from .options import Budget
from .tracking import Tracking, memory_mb, progress_bar
from .training import Task, Training, Validation

LOG_EVERY_STEPS = 50
WITHOUT_END = 1 << 40
"""Steps of a training whose end only the clock knows."""


def run(training: Training, task: Task, budget: Budget, file: Path, log: Callable[[str], None]) -> None:
    """Learn until the budget is used or nothing gets better any more.

    Args:
        budget: in steps or minutes; by minutes every machine gives other weights.
        file: the checkpoint, written now and then and at the end; ``best_of(file)`` holds the average that validated best.
        log: called with each line of the log.

    Raises:
        InputError: a checkpoint cannot be written.
    """
    same_kernels(training.device)
    steps = WITHOUT_END if math.isinf(budget.steps) else int(budget.steps)
    if training.step_count >= steps or budget.done(training.seconds, training.step_count) >= 1 or stopped_early(training):
        log(f"nothing left to learn: step {training.step_count}")
        return
    tracking = Tracking(file, training.step_count)
    with progress_bar() as bar:
        shown = bar.add_task(file.stem, total=None if steps == WITHOUT_END else steps, completed=training.step_count)
        trainer = _trainer(training, task, budget, steps)
        handlers = _Handlers(training, task, budget, steps, file, log, tracking)
        handlers.attach(trainer, lambda: bar.update(shown, completed=training.step_count))
        trainer.load_state_dict({"iteration": training.step_count, "max_epochs": 1, "epoch_length": steps})
        trainer.run()
    tracking.close()


def stopped_early(training: Training) -> bool:
    """Whether the training has ended because nothing got better any more."""
    return bool(training.options.patience) and training.since_best >= training.options.patience


def _trainer(training: Training, task: Task, budget: Budget, steps: int) -> SupervisedTrainer:
    """MONAI's trainer, one of whose iterations is one step; one pass of it is the whole training."""

    def update(trainer: Engine, batch: tuple[torch.Tensor, ...]) -> torch.Tensor:
        step = training.step_count
        done = budget.done(training.seconds, step)
        if not math.isinf(budget.minutes):
            (done,) = distributed.agreed([done])
        training.module.train()
        return training.learn(task.prepare(batch, step, min(done, 1.0)), done)

    options = training.options
    batches = DataLoader(
        Batches(task, steps),
        batch_size=None,
        sampler=range(training.step_count, steps),
        num_workers=options.workers,
        pin_memory=training.device.type == "cuda" and options.workers > 0,
        prefetch_factor=4 if options.workers else None,
    )
    trainer = SupervisedTrainer(
        device=training.device,
        max_epochs=1,
        train_data_loader=batches,
        network=training.module,
        optimizer=training.optimizer,
        loss_function=training.module,
        epoch_length=steps,
        iteration_update=update,
        decollate=False,
    )
    trainer.logger.setLevel(logging.CRITICAL)  # whoever started the training is told of errors, in one sentence
    return trainer


class Batches(Dataset):
    """A task's batches by the number of their step."""

    def __init__(self, task: Task, steps: int) -> None:
        self._task, self._steps = task, steps

    def __len__(self) -> int:
        return self._steps

    def __getitem__(self, step: int) -> tuple[torch.Tensor, ...]:
        return self._task.batch(step)


class _Handlers:
    """What happens between the steps of a training: log, validation, early stopping, checkpoint, end of time."""

    def __init__(
        self,
        training: Training,
        task: Task,
        budget: Budget,
        steps: int,
        file: Path,
        log: Callable[[str], None],
        tracking: Tracking,
    ) -> None:
        self._training, self._task, self._budget, self._file = training, task, budget, file
        self._log, self._tracking = log, tracking
        self._validate_every = training.options.validate_every or max(1, min(steps // 20, 1000))
        self._steps = steps
        self._losses: list[torch.Tensor] = []
        self._began = self._checkpointed = time.monotonic()
        self._before_s, self._before_steps = training.seconds, training.step_count

    def attach(self, trainer: Engine, shown: Callable[[], None]) -> None:
        """Let a trainer call all of them, and ``shown`` after every step."""
        trainer.add_event_handler(Events.ITERATION_COMPLETED, self._report_step)
        trainer.add_event_handler(Events.ITERATION_COMPLETED, self._validated_now)
        trainer.add_event_handler(Events.ITERATION_COMPLETED, self._kept)
        trainer.add_event_handler(Events.ITERATION_COMPLETED, shown)
        trainer.add_event_handler(Events.EXCEPTION_RAISED, _raise)

    def _is_validation(self, engine: Engine, step: int) -> bool:
        return step % self._validate_every == 0 or step == self._steps or self._out_of_time()

    def _out_of_time(self) -> bool:
        return self._training.seconds / 60 >= self._budget.minutes

    def _report_step(self, trainer: Engine) -> None:
        training = self._training
        self._losses.append(trainer.state.output)
        training.seconds = self._before_s + time.monotonic() - self._began
        if not math.isinf(self._budget.minutes):
            (training.seconds,) = distributed.agreed([training.seconds])
        if training.step_count % LOG_EVERY_STEPS and not self._is_validation(trainer, training.step_count):
            return
        loss = torch.stack(self._losses).mean().item()
        self._losses.clear()
        done = self._budget.done(training.seconds, training.step_count)
        seen = (training.step_count - self._before_steps) * training.options.batch
        figures = {
            "minutes": round(training.seconds / 60, 3),
            "loss": loss,
            "rate": training.options.rate_at(done),
            "pictures_per_second": round(seen / max(training.seconds - self._before_s, 1e-6), 2),
            "memory_mb": round(memory_mb(training.device)),
        }
        self._tracking.add(training.step_count, figures)
        self._log(
            f"{figures['minutes']:6.1f} min  step {training.step_count:6d}  loss {loss:.4f}  rate {figures['rate']:.5f}  "
            f"{figures['pictures_per_second']:.1f} pictures/s"
        )

    def _validated_now(self, trainer: Engine) -> None:
        training = self._training
        if not self._is_validation(trainer, training.step_count):
            return
        found = self._task.validate(training.average) if distributed.rank() == 0 else Validation(-math.inf, "")
        (score,) = distributed.agreed([found.score])
        self._log(f"{training.seconds / 60:6.1f} min  validation: {found.line}")
        self._tracking.add(training.step_count, {"score": score})
        if score > training.best:
            training.best, training.since_best = score, 0
            if distributed.rank() == 0:
                training.save_average(best_of(self._file))
        else:
            training.since_best += 1

    def _kept(self, trainer: Engine) -> None:
        training = self._training
        is_over = training.step_count >= self._steps or self._out_of_time() or stopped_early(training)
        if distributed.rank() == 0 and (is_over or time.monotonic() - self._checkpointed > training.options.checkpoint_seconds):
            training.save(self._file)
            self._checkpointed = time.monotonic()
        if is_over:
            if stopped_early(training):
                self._log(
                    f"nothing got better in {how_many(training.since_best, 'validation')}: "
                    f"the training ends at step {training.step_count}"
                )
            trainer.terminate()


def _raise(trainer: Engine, error: BaseException) -> None:
    raise error


def same_kernels(device: torch.device) -> None:
    """Let a GPU calculate the same result every time, wherever PyTorch knows how to."""
    if device.type == "cuda":
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        torch.use_deterministic_algorithms(True, warn_only=True)
        torch.utils.deterministic.fill_uninitialized_memory = False  # else every new tensor is filled, half of a step's kernels
        torch.backends.cudnn.benchmark = False

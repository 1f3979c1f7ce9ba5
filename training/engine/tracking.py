"""What a training tells while it runs: a table in CSV, curves for TensorBoard, and how long it will still take."""

from __future__ import annotations

import csv
import os
from collections.abc import Mapping
from pathlib import Path

import torch
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from ..files import read_rows
from . import distributed

COLUMNS = ("step", "minutes", "loss", "rate", "pictures_per_second", "memory_mb", "score")


class Tracking:
    """Figures of a training beside its checkpoint ``NAME.safetensors``: ``NAME.csv``, and ``tensorboard/NAME`` for TensorBoard.

    Only the first process writes. After a resume, what was written beyond the checkpoint is taken back.

    Args:
        step: of the checkpoint that the training begins from.
    """

    def __init__(self, checkpoint: Path, step: int) -> None:
        self._table = checkpoint.with_suffix(".csv") if distributed.rank() == 0 else None
        self._curves = None
        if self._table is None:
            return
        from torch.utils.tensorboard import SummaryWriter

        kept = [row for row in read_table(self._table) if int(row["step"]) <= step]
        with open(f"{self._table}.part", "w", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS)
            writer.writeheader()
            writer.writerows(kept)
        os.replace(f"{self._table}.part", self._table)
        self._curves = SummaryWriter(str(checkpoint.parent / "tensorboard" / checkpoint.stem), purge_step=step + 1)

    def add(self, step: int, figures: Mapping[str, float]) -> None:
        """Write some of the columns at a step."""
        if self._table is None:
            return
        with open(self._table, "a", newline="") as file:
            csv.DictWriter(file, COLUMNS).writerow({"step": step, **figures})
        for name, value in figures.items():
            self._curves.add_scalar(name, value, step)

    def close(self) -> None:
        """Write out what TensorBoard still holds back."""
        if self._curves is not None:
            self._curves.close()


def read_table(file: Path) -> list[dict[str, str]]:
    """The whole rows of a training's CSV file; none where it is not there."""
    if not file.exists():
        return []
    rows = read_rows(file)[1]
    return [row for row in rows if row.get("step", "").isdecimal() and row.keys() == set(COLUMNS)]


def progress_bar() -> Progress:
    """A bar with the time left, on the first process's terminal alone."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("left:"))
    shown = console.is_terminal and distributed.rank() == 0
    return Progress(*columns, TimeRemainingColumn(), console=console, disable=not shown)


def memory_mb(device: torch.device) -> float:
    """Most memory so far, in MB: of the GPU, or of this process on a processor."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / 1e6
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3

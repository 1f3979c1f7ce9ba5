"""A model's label maps compared with those of cases exported for training."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from ..errors import InputError
from ..language import _
from .training_case import FACTS, TrainingCase, read_case

EVALUATION = "evaluation.json"


def evaluate_cases(
    cases: Path, output: Path, task: str, names: Sequence[str], find: Callable[[TrainingCase], np.ndarray]
) -> dict[str, object]:
    """Write the Dice of each class in each case, over the slices to learn from, and their means; give it.

    Args:
        cases: folder of case folders. names: what label values 0, 1, 2 ... mean, the first of them background.
        find: gives the model's label map of a case, of the case's shape.

    Raises:
        InputError: a case cannot be used; nothing is written then.
    """
    figures = _figures(cases, task, names, find)
    output.mkdir(parents=True, exist_ok=True)
    (output / EVALUATION).write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(figures["mean_dice"]))
    return figures


def case_dice(found: np.ndarray, truth: np.ndarray, names: Sequence[str]) -> dict[str, float | None]:
    """Dice of each class but background; None where neither label map holds any of it.

    Args:
        found, truth: label maps of the same shape.
    """
    dice: dict[str, float | None] = {}
    for value, name in enumerate(names[1:], start=1):
        total = int((found == value).sum() + (truth == value).sum())
        dice[name] = 2 * int(((found == value) & (truth == value)).sum()) / total if total else None
    return dice


def _figures(cases: Path, task: str, names: Sequence[str], find: Callable[[TrainingCase], np.ndarray]) -> dict[str, object]:
    folders = sorted(file.parent for file in cases.glob(f"*/{FACTS}"))
    read = [case for case in map(read_case, folders) if case.task == task]
    if not read:
        raise InputError(
            _("{folder} holds no case to evaluate with; put folders of Export for training there.").format(folder=cases)
        )
    each: dict[str, dict[str, float | None]] = {}
    for case in read:
        slices = case.learnt_slices
        each[case.folder.name] = case_dice(find(case)[slices], case.labels[slices], names)
    means = {}
    for name in names[1:]:
        known = [dice[name] for dice in each.values() if dice[name] is not None]
        means[name] = sum(known) / len(known) if known else None
    return {"cases": each, "mean_dice": means}

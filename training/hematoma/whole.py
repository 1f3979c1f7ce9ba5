"""Everything in one go: patients are drawn by other processes while both stages learn from those that are there by then."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import torch
from HematomaMarkersLib.model.preparation.steps import ALL_STEPS

from ..engine.checkpoint import best_of
from ..engine.options import Budget
from ..wording import how_many
from .data import patient_files
from .evaluation.rule import fit_rule
from .phantoms import make_data
from .slices import SliceDataset
from .train_markers import CHECKPOINT as MARKERS_FILE
from .train_markers import FIGURES as MARKER_FIGURES
from .train_markers import RULE_FILE, train_markers
from .train_markers import Recipe as MarkerRecipe
from .train_segmentation import CHECKPOINT, FIGURES, Recipe, train_segmentation


@dataclass(frozen=True)
class Plan:
    """What ``train_whole`` does.

    Attributes:
        learnt, validation: seeds. begin_with: patients to learn from that must be there before anything is learnt.
        phantoms, most_slices: as in ``make_data``. processes: that draw.
        draw_minutes: after which no further patient is begun.
        budgets: of the two stages.
    """

    learnt: range
    validation: range
    begin_with: int
    phantoms: str
    most_slices: int
    processes: int
    draw_minutes: float
    budgets: tuple[Budget, Budget]


def train_whole(
    data: Path,
    folder: Path,
    plan: Plan,
    recipe: Recipe,
    of_markers: MarkerRecipe,
    device: torch.device,
    log: Callable[[str], None],
    carried: Callable[[], None],
) -> None:
    """Draw patients into ``data``, train both stages into ``folder``, and fit the rule on the validation patients.

    Args:
        carried: called after each part, to bring what there is by then into safety.
    """
    began = time.monotonic()
    data.mkdir(parents=True, exist_ok=True)
    drawing = _Drawing(data, plan)
    drawing.wait_for(len(plan.validation[: plan.begin_with]) + plan.begin_with)
    log(f"{time.monotonic() - began:.0f} s: {how_many(len(patient_files(data)), 'patient')} drawn, learning begins")
    dataset = SliceDataset(data, recipe.location, recipe.split, recipe.seed, device)
    train_segmentation(data, folder, recipe, plan.budgets[0], device, log=log, dataset=dataset)
    log(f"{time.monotonic() - began:.0f} s: first stage done")
    carried()
    dataset.refresh()
    train_markers(data, folder, of_markers, plan.budgets[1], device, log=log, dataset=dataset)
    log(f"{time.monotonic() - began:.0f} s: second stage done")
    carried()
    drawing.finish()
    log(f"{time.monotonic() - began:.0f} s: {how_many(len(patient_files(data)), 'patient')} drawn")
    fit_rule(folder, data, plan.validation, torch.device("cpu"), plan.processes, log)
    log(f"{time.monotonic() - began:.0f} s: all done")
    carried()


def carry_away(folder: Path, target: Path) -> None:
    """Copy what a bundle is made of: a training folder in small files, from which no training goes on.

    ``target`` holds the averages that validated best; they bundle as they are.
    """
    target.mkdir(parents=True, exist_ok=True)
    best = {best_of(folder / name): name for name in (CHECKPOINT, MARKERS_FILE)}
    others = {folder / name: name for name in (FIGURES, MARKER_FIGURES, RULE_FILE, "log.txt")}
    for file, name in {**best, **others}.items():
        if file.exists():
            shutil.copyfile(file, target / name)


class _Drawing:
    """Patients being drawn in the background; a fault there ends the waiting."""

    def __init__(self, data: Path, plan: Plan) -> None:
        first, rest = plan.validation[: plan.begin_with], plan.validation[plan.begin_with :]
        seeds = list(chain(first, plan.learnt, rest))
        self._data, self._fault = data, None
        self._thread = threading.Thread(target=self._draw, args=(seeds, plan), daemon=True)
        self._thread.start()

    def wait_for(self, count: int) -> None:
        """Wait until so many patients are there.

        Raises:
            Whatever ended the drawing.
        """
        while len(patient_files(self._data)) < count:
            if not self._thread.is_alive():
                raise self._fault or RuntimeError("fewer patients were drawn than were asked for")
            time.sleep(0.5)

    def finish(self) -> None:
        """Wait until nothing is drawn any more.

        Raises:
            Whatever ended the drawing.
        """
        self._thread.join()
        if self._fault:
            raise self._fault

    def _draw(self, seeds: Sequence[int], plan: Plan) -> None:
        until = time.monotonic() + 60 * plan.draw_minutes
        try:
            for _ in make_data(self._data, seeds, ALL_STEPS, plan.processes, plan.phantoms, plan.most_slices):
                if time.monotonic() > until:
                    break
        except Exception as error:
            self._fault = error

"""The second step of a two-step model, taught with a clinic's own corrected frames; the first step stays as it is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from LesionReadingLib.errors import InputError
from LesionReadingLib.model.bundle import LICENCE, Bundle, find_bundle, write_bundle
from LesionReadingLib.model.prediction import load_network
from LesionReadingLib.reporting import Reporter, Step
from OCTCalciumLib.labels import CALCIUM, TASK
from OCTCalciumLib.model.inference import NETWORKS, segment
from OCTCalciumLib.model.two_step import TwoStep
from safetensors.torch import load_file

from ...adaptation.folds import folds
from ...adaptation.record import adapted_metadata
from ...drawing import HELD_OUT_SEEDS, VALIDATION_EVERY
from ...files import read_text
from ...own_data.cases import CASE_NUMBERS
from ...processes import in_processes
from ...reporting.monai_configs import write_configs
from ...wording import how_many
from ..bundle import ADAPTED, model_card, two_step_limits
from ..data import is_validation, load_patients, make_data
from ..second_step.bundle import weights_file
from ..second_step.train import WEIGHTS, PolarRecipe, train_calcium
from ..second_step.views import Views, joined, load_views, phantom_views, save_views, visible_calcium
from .corrected import Corrected, corrected_views, patients_with_calcium
from .gain import gain, gain_table, judged

RECIPE = PolarRecipe(painted_share=0.0, average=0.98)
"""What the command does not ask for: nothing is painted into frames whose calcium a reader marked; the average is a short one."""

_MOST_VIEWS, _MOST_COPIES = 400, 8
_PHANTOM_COPIES = 2


@dataclass(frozen=True)
class Gain:
    """What an adaptation gave: ``frames`` of ``gain.judged`` and ``figures`` of ``gain.gain``."""

    frames: list[dict[str, Any]]
    figures: dict[str, Any]


@dataclass(frozen=True)
class _Lesson:
    """One network to teach: a member of a bundle, with the views in a file; its weights are put into ``folder``."""

    bundle: Path
    member: int
    views: Path
    folder: Path
    recipe: PolarRecipe


def adapt(
    before: Bundle,
    cases: Sequence[Corrected],
    phantoms: Views,
    *,
    folder: Path,
    work: Path,
    recipe: PolarRecipe,
    processes: int,
    report: Reporter,
) -> Gain:
    """Write the bundle adapted to all cases; give what adapting gained on patients that were left out, one after the other.

    Args:
        before: a two-step bundle. phantoms: to learn from, too.
        folder: the bundle to write. work: an empty folder for what lies between.
        recipe: of each network, whose seeds follow each other. processes: how many teach, of one thread each; their number changes
            nothing. report: is told how far it is.

    Raises:
        InputError: no frame with calcium has a lumen.
    """
    labels = [_labels(case, before) for case in cases]
    views = _views(cases, labels, load_network(before, NETWORKS).float(), recipe.seed)
    left_out = folds(patients_with_calcium(cases))
    turns = [work / f"turn-{number}" for number in range(len(left_out) + 1)]
    lessons: list[_Lesson] = []
    for turn, absent in zip(turns, [*left_out, []], strict=True):
        present = [each for each, case in zip(views, cases, strict=True) if case.patient not in absent]
        lessons += _lessons(before, joined(phantoms, *present), turn, recipe)
    report.log(
        f"{how_many(len(lessons), 'network')} of {how_many(recipe.steps, 'step')} each; "
        f"patients are left out in {how_many(len(left_out), 'turn')}, the last has all"
    )
    for done, _ in enumerate(_taught(lessons, processes), start=1):
        report.progress(Step.TRAIN, "Learning", done, len(lessons))
    after = {}
    for turn, absent in zip(turns, left_out, strict=False):
        adapted = _written(before, turn, turn / "bundle", before.metadata, "", "")
        after |= {place: _labels(case, adapted) for place, case in enumerate(cases) if case.patient in absent}
    frames = judged(cases, labels, after)
    found = Gain(frames, gain(frames))
    metadata = _metadata(before, found.figures, recipe)
    card = model_card(folder.name, metadata, {ADAPTED: gain_table(found.figures)}, two_step_limits(metadata))
    _written(before, turns[-1], folder, metadata, card, read_text(before.path / LICENCE))
    return found


def phantoms_of(folders: Sequence[Path], seed: int) -> Views:
    """Views of the phantoms of training folders, without those that are kept for validation and without cases."""
    parts = []
    for source, folder in enumerate(folders):
        learnt = [patient for patient in load_patients(folder) if patient.number not in CASE_NUMBERS and not is_validation(patient)]
        parts.append(visible_calcium(phantom_views(learnt, np.random.default_rng([seed, 3, source]), _PHANTOM_COPIES, source)))
    return joined(*parts)


def draw_phantoms(folder: Path, patients: int, processes: int) -> list[Path]:
    """Draw so many patients of the ordinary and of the wide range, always the same, six frames each; give their folders."""
    first = HELD_OUT_SEEDS.stop
    seeds = [seed for seed in range(first, first + 2 * patients + 1) if seed % VALIDATION_EVERY][:patients]
    folders = [folder / "ordinary", folder / "wide"]
    for each, wide in zip(folders, (False, True), strict=True):
        for _ in make_data(
            each, seeds, pullback_frames=20, frame_mm=2.0, keep_frames=6, shifted=False, processes=processes, wide=wide
        ):
            pass
    return folders


def _views(cases: Sequence[Corrected], labels: Sequence[np.ndarray], network: TwoStep, seed: int) -> list[Views]:
    """Views of each case; of a few frames many, of many few."""
    copies = max(1, min(_MOST_COPIES, _MOST_VIEWS // sum(len(case.frames) for case in cases)))
    views = [
        corrected_views(case, found, network, copies, np.random.default_rng([seed, 7, place]))
        for place, (case, found) in enumerate(zip(cases, labels, strict=True))
    ]
    if not any((each.labels == CALCIUM).any() for each in views):
        raise InputError("Calcium lies behind no lumen in these cases, by their labels or the model's; mark the lumen as well.")
    return views


def _lessons(before: Bundle, views: Views, folder: Path, recipe: PolarRecipe) -> list[_Lesson]:
    """One lesson on the views for each member of the second step."""
    folder.mkdir()
    save_views(folder / "views.npz", views)
    return [
        _Lesson(before.path, member, folder / "views.npz", folder / str(member), replace(recipe, seed=recipe.seed + member))
        for member in range(before.network_arguments.get("members", 1))
    ]


def _labels(case: Corrected, bundle: Bundle) -> np.ndarray:
    return segment(case.pullback, bundle, "cpu", lambda done, total: None).labels


def _taught(lessons: Sequence[_Lesson], processes: int) -> Iterator[None]:
    return in_processes(_teach, lessons, processes=processes)


def _teach(lesson: _Lesson) -> None:
    network = load_network(find_bundle(lesson.bundle, TASK), NETWORKS).calcium[lesson.member].float().requires_grad_(True)
    torch.manual_seed(lesson.recipe.seed)
    train_calcium(network, load_views(lesson.views), lesson.folder, lesson.recipe, lambda line: None)


def _written(before: Bundle, taught: Path, folder: Path, metadata: dict[str, Any], card: str, licence: str) -> Bundle:
    """The bundle before, with the members that were taught in a folder."""
    network = load_network(before, NETWORKS)
    for member, calcium in enumerate(network.calcium):
        calcium.load_state_dict(load_file(taught / str(member) / WEIGHTS))
    weights = weights_file(network)
    bundle = write_bundle(
        folder,
        TASK,
        network_class=before.network_class,
        network_arguments=before.network_arguments,
        weights=weights,
        metadata=metadata,
        card=card,
        licence=licence,
        settings=before.settings,
    )
    write_configs(bundle)
    return bundle


def _metadata(before: Bundle, figures: dict[str, Any], recipe: PolarRecipe) -> dict[str, Any]:
    own = (
        f"Adapted to {how_many(figures['frames'], 'frame')} of {how_many(figures['patients'], 'patient')} that its user corrected, "
        f"{figures['frames_with_calcium']} of them with calcium, with phantoms beside them; only the second step learnt."
    )
    return adapted_metadata(before, own, asdict(recipe), figures)

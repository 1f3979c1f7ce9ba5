"""The U-Net taught with a clinic's own corrected heads. The layers that the markers see, and the markers, stay as they are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from HematomaMarkersLib.labels import NAMES, TASK
from HematomaMarkersLib.model.prediction import NETWORKS
from HematomaMarkersLib.model.preparation.grid import NETWORK_SIZE
from HematomaMarkersLib.model.preparation.steps import Steps
from LesionReadingLib.model.bundle import LICENCE, Bundle, write_bundle
from LesionReadingLib.model.prediction import load_network
from LesionReadingLib.model.weights import in_bytes, load_weights
from LesionReadingLib.reporting import Reporter, Step
from safetensors.torch import load_file, save, save_file

from ...adaptation.folds import folds
from ...adaptation.record import adapted_metadata
from ...drawing import HELD_OUT_SEEDS, VALIDATION_EVERY
from ...engine.randomness import step_seed
from ...files import read_text
from ...processes import in_processes
from ...reporting.monai_configs import write_configs
from ...wording import how_many
from ..bundle.write import model_card
from ..data import load_patient, patient_files, patient_number
from ..evaluation.evaluate import PatientResult
from ..evaluation.originals import original_file, read_original
from ..evaluation.own_cases import case_result
from ..phantoms import make_data
from ..slices import Slices, balanced_numbers, kinds
from ..train_segmentation import Recipe, first_weights, new_training, prepared_batch
from .corrected import Corrected, corrected_slices, load_slices, patients_with_hematoma, save_slices, without
from .gain import gain, judged

RECIPE = Recipe(rate=1e-4, average=0.98, stages=((1.0, NETWORK_SIZE),), keep_markers=True)
"""What the command does not ask for: whole slices, a short average, and nothing learnt of what the markers see."""

_SLICES_OF_A_PHANTOM = 22
CPU = torch.device("cpu")


@dataclass(frozen=True)
class Lessons:
    """How a network learns: ``steps`` of ``recipe``, of whose batches a ``share``, above 0 and at most 1, is from the cases."""

    recipe: Recipe
    steps: int
    share: float


@dataclass(frozen=True)
class Gain:
    """What an adaptation gave: ``heads`` of ``gain.judged`` and ``figures`` of ``gain.gain``."""

    heads: list[dict[str, Any]]
    figures: dict[str, Any]


def adapt(
    before: Bundle,
    cases: Sequence[Corrected],
    data: Path,
    phantoms: Slices,
    *,
    folder: Path,
    work: Path,
    lessons: Lessons,
    processes: int,
    report: Reporter,
) -> Gain:
    """Write the bundle adapted to all cases; give what adapting gained on patients that were left out, one after the other.

    Args:
        before: the bundle to begin with. cases, data: of ``read_corrected``. phantoms: to learn from, too.
        folder: the bundle to write. work: an empty folder for what lies between.
        processes: how many teach or read, of one thread each; their number changes nothing. report: is told how far it is.
    """
    network = load_network(before, NETWORKS)
    arguments = before.network_arguments
    recipe = replace(lessons.recipe, width=arguments["width"], classes=arguments.get("classes", len(NAMES)))
    save_slices(work / "cases.safetensors", corrected_slices(data, network.float()))
    save_slices(work / "phantoms.safetensors", phantoms)
    left_out = folds(patients_with_hematoma(cases))
    absent = [[case.number for case in cases if case.patient in group] for group in left_out]
    weights = [work / f"turn-{turn}.safetensors" for turn in range(len(absent) + 1)]
    parts = _Parts(report, len(cases) * (2 if absent else 1) + len(weights))
    numbers = [case.number for case in cases]
    old = list(parts.counted(_read(before.path, data, numbers, processes)))
    report.log(
        f"{how_many(len(weights), 'network')} of {how_many(lessons.steps, 'step')} each; "
        f"patients are left out in {how_many(len(absent), 'turn')}, the last has all"
    )
    teach = partial(_teach, before.path, work, replace(lessons, recipe=recipe))
    list(parts.counted(in_processes(teach, [*absent, []], weights, processes=processes)))
    after: dict[int, PatientResult] = {}
    for turn, (file, group) in enumerate(zip(weights, absent, strict=False)):
        adapted = _written(before, file, work / f"bundle-{turn}", before.metadata, "", "")
        read = parts.counted(_read(adapted.path, data, group, processes))
        after |= {numbers.index(number): result for number, result in zip(group, read, strict=True)}
    heads = judged([case.patient for case in cases], old, after)
    found = Gain(heads, gain(heads))
    metadata = _metadata(before, found.figures, sum(case.slices for case in cases), replace(lessons, recipe=recipe))
    card = model_card(folder.name, metadata, arguments, {})
    _written(before, weights[-1], folder, metadata, card, read_text(before.path / LICENCE))
    return found


def draw_phantoms(folder: Path, patients: int, steps: Steps, processes: int) -> list[Path]:
    """Draw so many patients of the mixed range, always the same; give their folder."""
    first = HELD_OUT_SEEDS.stop
    seeds = [seed for seed in range(first, first + 2 * patients + 1) if seed % VALIDATION_EVERY][:patients]
    for _ in make_data(folder, seeds, steps, processes, "mixed", _SLICES_OF_A_PHANTOM):
        pass
    return [folder]


class _Parts:
    """Says how many parts of the work are done."""

    def __init__(self, report: Reporter, total: int) -> None:
        self._report, self._done, self._total = report, 0, total

    def counted(self, results: Iterable) -> Iterable:
        """The results of some parts, each counted."""
        for result in results:
            self._done += 1
            self._report.progress(Step.TRAIN, "Learning", self._done, self._total)
            yield result


def _read(model: Path, data: Path, numbers: Sequence[int], processes: int) -> Iterable[PatientResult]:
    return in_processes(partial(_result, model, data), numbers, processes=processes)


def _result(model: Path, data: Path, number: int) -> PatientResult:
    """What a model finds in a case, on the slices that the reader looked at."""
    case = next(load_patient(file) for file in patient_files(data) if patient_number(file) == number)
    original = read_original(original_file(data, number))
    return case_result(model, "cpu", case, original, original.judged, str(number))[0]


def _teach(model: Path, work: Path, lessons: Lessons, absent: Sequence[int], file: Path) -> None:
    """Teach the U-Net of a model without some cases; its averaged weights go into a file."""
    recipe = lessons.recipe
    training = new_training(recipe, CPU)
    training.begin_with(first_weights(model, recipe.classes), model.name)
    own, phantoms = without(load_slices(work / "cases.safetensors"), absent), load_slices(work / "phantoms.safetensors")
    draw = _mixed(own, phantoms, recipe, lessons.share)
    training.module.train()
    for step in range(lessons.steps):
        done = step / lessons.steps
        training.learn(prepared_batch(draw(step), recipe, CPU, step, done), done)
    save_file({name: value.contiguous() for name, value in training.average.module.state_dict().items()}, file)


def _mixed(own: Slices, phantoms: Slices, recipe: Recipe, share: float) -> Callable[[int], tuple[torch.Tensor, torch.Tensor]]:
    """Give int16 HU and uint8 labels (batch, size, size) of a step: a share of own slices, one at least, and the rest phantoms'."""
    of_own = max(1, round(share * recipe.batch))
    parts = [(own, of_own), (phantoms, recipe.batch - of_own)]
    sorted_parts = [(slices, count, kinds(slices, torch.ones(len(slices), dtype=torch.bool))) for slices, count in parts if count]

    def draw(step: int) -> tuple[torch.Tensor, torch.Tensor]:
        random = torch.Generator().manual_seed(step_seed(recipe.seed, step, 3))
        drawn = [(slices, balanced_numbers(of_kind, count, random)) for slices, count, of_kind in sorted_parts]
        return (
            torch.cat([slices.hounsfield[numbers] for slices, numbers in drawn]),
            torch.cat([slices.labels[numbers] for slices, numbers in drawn]),
        )

    return draw


def _written(before: Bundle, taught: Path, folder: Path, metadata: dict[str, Any], card: str, licence: str) -> Bundle:
    """The bundle before, with the U-Net that was taught, and without its ranges: these were fitted on the scores before."""
    unet = {f"segmentation.{name}": value for name, value in load_file(taught).items()}
    bundle = write_bundle(
        folder,
        TASK,
        network_class=before.network_class,
        network_arguments=before.network_arguments,
        weights=save(in_bytes(load_weights(before.weights) | unet)),
        metadata=metadata,
        card=card,
        licence=licence,
        settings={name: value for name, value in before.settings.items() if name != "ranges"},
    )
    write_configs(bundle)
    return bundle


def _metadata(before: Bundle, figures: dict[str, Any], slices: int, lessons: Lessons) -> dict[str, Any]:
    own = (
        f"Adapted to {how_many(slices, 'slice')} of {how_many(figures['heads'], 'head')} of "
        f"{how_many(figures['patients'], 'patient')} that its user corrected, "
        f"{figures['heads_with_hematoma']} of them with a hematoma, with phantoms beside them; only the U-Net's decoder and the "
        "last layers of its encoder learnt."
    )
    learnt = {**asdict(lessons.recipe), "steps": lessons.steps, "own_share": lessons.share, "began_with": before.name}
    return adapted_metadata(before, own, {**before.metadata["training"], "segmentation": learnt}, figures)

"""The source study's experiments, one after another, each in a folder of its own; what is done is not done again."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cache, partial
from pathlib import Path
from typing import Any

import torch
from HematomaMarkersLib.labels import LOCATIONS
from HematomaMarkersLib.model.preparation.steps import NO_STEPS
from LesionReadingLib.errors import InputError

from ...engine import distributed
from ...engine.checkpoint import best_of
from ...engine.presets import chosen_options, in_section, preset_part
from ...files import read_json
from ...own_data.cases import CASE_NUMBERS
from ...reporting.study import same_as_before
from ...writing import write_json
from ..data import patient_files, patient_number, preparation_steps
from ..phantoms import make_data
from ..slice_scores import gain_interval, overlap, slice_confusions
from ..slices import SliceDataset
from ..train_markers import FIGURES as MARKER_FIGURES
from ..train_markers import Recipe as MarkerRecipe
from ..train_markers import train_markers
from ..train_segmentation import CHECKPOINT, FIGURES, train_segmentation, trained_unet
from ..train_segmentation import Recipe as UNetRecipe

STAGES = ("segmentation", "markers")
AS_THE_STUDY: Mapping[str, Mapping[str, Any]] = {"segmentation": {"classes": 2}}
"""Whatever the preset says: the study's U-Net tells hematoma from all else. With ventricular blood it learns far more slowly."""
AS_STUDIED = "patient_split"
"""The U-Net that all later experiments rest on: split by patient, slices not prepared, as in the source study."""
FINE_TUNED_STEPS, FINE_TUNED_RATE = 0.25, 0.25
"""Of those that the preset gives from nothing; the study tells neither."""
LOCATION_FIGURES = "locations.json"
STUDIED_LOCATIONS = LOCATIONS[:3]


@dataclass(frozen=True)
class Experiment:
    """One training of the study.

    Attributes:
        name: also of its folder. changed: the options that make it what it is.
        prepared: whether its slices are. begin: experiment whose weights it begins with.
    """

    name: str
    changed: Mapping[str, Any] = field(default_factory=dict)
    prepared: bool = False
    begin: str | None = None


SEGMENTATIONS = (
    Experiment("random_split", {"split": "random"}),
    Experiment(AS_STUDIED, {"split": "patient"}),
    Experiment("patient_split_prepared", {"split": "patient"}, prepared=True),
)
LOCATION_TUNINGS = tuple(Experiment(f"tuned_{name}", {"location": name}, begin=AS_STUDIED) for name in STUDIED_LOCATIONS)
CLASSIFIERS = (
    Experiment("vgg16", {"pooling": "max", "weighted": False, "mask": "none"}),
    Experiment("weighted_vgg16", {"pooling": "max", "weighted": True, "mask": "none"}),
    Experiment("wavelet_vgg16", {"pooling": "wavelet", "weighted": False, "mask": "none"}),
    Experiment("weighted_wavelet_vgg16", {"pooling": "wavelet", "weighted": True, "mask": "none"}),
    Experiment("weighted_wavelet_vgg16_with_mask", {"pooling": "wavelet", "weighted": True, "mask": "true"}),
)


def unprepared_copy(data: Path, folder: Path, phantoms: str, most_slices: int | None, processes: int) -> Path:
    """The phantom patients of a training folder drawn again without any preparation.

    Raises:
        InputError: the folder holds cases, which cannot be drawn.
    """
    preparation_steps(data)
    numbers = [patient_number(file) for file in patient_files(data)]
    if any(number in CASE_NUMBERS for number in numbers):
        raise InputError(f"{data} holds cases; name a folder of the same cases without preparation with --unprepared.")
    if distributed.rank() == 0:
        for number in make_data(folder, numbers, NO_STEPS, processes, phantoms, most_slices):
            print(f"patient {number} drawn without preparation", flush=True)
    distributed.wait()
    return folder


def run_ablations(
    prepared: Path,
    plain: Path,
    out: Path,
    values: Mapping[str, Mapping[str, Any]],
    overrides: Sequence[str],
    device: torch.device,
    log: Callable[[str], None],
) -> dict[str, Any]:
    """Run what is not done yet; give the figures by the name of the experiment.

    Args:
        prepared, plain: folders of ``make_data``, of the same patients. out: for one folder of each experiment.
        values, overrides: of a preset, with parts ``segmentation`` and ``markers``.

    Raises:
        InputError: both folders are of other patients, ``out`` holds experiments of other options, or what a training cannot use.
    """
    numbers, others = (set(map(patient_number, patient_files(folder))) for folder in (prepared, plain))
    if numbers != others:
        raise InputError(
            f"{prepared} and {plain} do not hold the same patients ({min(numbers ^ others)} is in one alone), so nothing could be "
            "compared; draw or import the same ones into both."
        )
    options = {
        stage: chosen_options(preset_as_studied(values, stage), in_section(overrides, stage, STAGES), kind)
        for stage, kind in zip(STAGES, (UNetRecipe, MarkerRecipe), strict=True)
    }
    same_as_before(out, {stage: asdict(recipe) for stage, (recipe, _) in options.items()})
    datasets = cache(partial(_dataset, device=device))
    figures: dict[str, Any] = {}
    recipe, budget = options["segmentation"]
    for each in SEGMENTATIONS:
        data, changed = prepared if each.prepared else plain, replace(recipe, **each.changed)
        if not (out / each.name / FIGURES).exists():
            try:
                dataset = datasets(data, None, changed.split, changed.seed)
            except InputError as error:
                if changed.split == "patient":
                    raise
                log(f"--- {each.name}: left out. {error}")
                continue
            log(f"--- {each.name}")
            train_segmentation(data, out / each.name, changed, budget, device, log=log, dataset=dataset)
        figures[each.name] = read_json(out / each.name / FIGURES)
    gentle = replace(recipe, rate=recipe.rate * FINE_TUNED_RATE)
    few = replace(budget, steps=max(1, budget.steps * FINE_TUNED_STEPS // 1))
    for each in LOCATION_TUNINGS:
        changed = replace(gentle, **each.changed)
        try:
            dataset = datasets(plain, changed.location, changed.split, changed.seed)
        except InputError as error:
            log(f"--- {each.name}: left out. {error}")
            continue
        if not (out / each.name / LOCATION_FIGURES).exists():
            log(f"--- {each.name}")
            train_segmentation(plain, out / each.name, changed, few, device, begin=out / each.begin, log=log, dataset=dataset)
            scores = _gained(out / AS_STUDIED, out / each.name, dataset, device)
            if distributed.rank() == 0:
                write_json(out / each.name / LOCATION_FIGURES, scores)
            distributed.wait()
        figures[each.name] = read_json(out / each.name / LOCATION_FIGURES)
    recipe, budget = options["markers"]
    for each in CLASSIFIERS:
        if not (out / each.name / MARKER_FIGURES).exists():
            log(f"--- {each.name}")
            take_unet(out / AS_STUDIED, out / each.name)
            dataset = datasets(plain, None, "patient", recipe.seed)
            train_markers(plain, out / each.name, replace(recipe, **each.changed), budget, device, log=log, dataset=dataset)
        figures[each.name] = read_json(out / each.name / MARKER_FIGURES)
    return figures


def preset_as_studied(values: Mapping[str, Any], part: str) -> dict[str, Any]:
    """A part of a preset, with what the study's experiments have whatever the preset says.

    Raises:
        InputError: it has no such part.
    """
    return {**preset_part(values, part), **AS_THE_STUDY.get(part, {})}


def take_unet(training: Path, folder: Path) -> None:
    """Copy the U-Net of a training, the average that validated best, to where markers shall be learnt."""
    file = training / CHECKPOINT
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(best_of(file) if best_of(file).exists() else file, folder / CHECKPOINT)


def _dataset(data: Path, location: str | None, split: str, seed: int, device: torch.device) -> SliceDataset:
    return SliceDataset(data, location, split, seed, device)


def _gained(before: Path, after: Path, dataset: SliceDataset, device: torch.device) -> dict[str, Any]:
    """F scores of two trainings' U-Nets on the validation slices, and the interval of what the second gains."""
    numbers = dataset.validation.nonzero()[:, 0]
    patients = dataset.slices.patients[numbers]
    networks = (trained_unet(training)[0].to(device) for training in (before, after))
    one, other = (slice_confusions(network, dataset.slices, numbers, device) for network in networks)
    scores = {"before": overlap(one)["f_score"], "after": overlap(other)["f_score"]}
    counts = {"patients": len(patients.unique()), "slices": len(numbers)}
    return {**scores, **counts, "gain_interval": gain_interval(one, other, patients)}

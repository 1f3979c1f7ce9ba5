"""How good a model is on own cases, each on its own voxels: the phantoms' tables, limits of agreement, best and worst cases.

A head is always read as a whole. Where a split deals slices, as the source study's first one did, those of the wanted parts alone
count: their voxels, their markers, and the volume that they show.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from HematomaMarkersLib.labels import HEMATOMA, MARKER_NAMES, MARKERS
from LesionReadingLib.errors import InputError
from LesionReadingLib.model.bundle import Bundle

from ...own_data.case_table import patient_names
from ...own_data.splits import Split, chosen_slices, read_split
from ...processes import in_processes
from ...reporting.comparison import CasePicture, Measured, cases_in_words, differences, unknown_in_words
from ..data import Patient, load_patient, patient_files
from ..slices import WINDOW_HU
from .evaluate import PatientResult, Truth, compared
from .figures import model_figures
from .originals import Original, original_file, read_original


def evaluate_own(
    bundle: Bundle, data: Path, part: str, parts: Sequence[str] | None, device: str, processes: int
) -> tuple[dict[str, Any], list[CasePicture], list[Measured]]:
    """Compare a model with the readers' labels of the cases of some parts of a data folder.

    Args:
        part: what the parts are called. parts: of the split; None for a folder without one. processes: cases at once.

    Returns:
        Figures as of ``figures.model_figures``, with ``held`` (what was judged on), limits of agreement, and what cannot be told; a
        picture of each case; and the quantities of the Bland-Altman plots.

    Raises:
        InputError: no case.
    """
    split = read_split(data)
    loaded = map(load_patient, patient_files(data))
    cases = [(case, numbers) for case in loaded if (numbers := _counted(split, case, parts or ()))]
    if not cases:
        raise InputError(f"{data} has no cases for the {part}; split it again, or judge on another part with --split.")
    lost = [case.number for case, _numbers in cases if not original_file(data, case.number).exists()]
    if lost:
        raise InputError(
            f"Case {lost[0]} of {data} has no scan of its own, as phantoms have none; only imported cases are judged here."
        )
    names = patient_names(data)
    work = partial(_judged, bundle.path, device, data, names)
    found = list(in_processes(work, *zip(*cases, strict=True), processes=processes))
    results, pictures = [result for result, _picture in found], [picture for _result, picture in found]
    patients = len({result.patient for result in results})
    figures = model_figures(results)
    slices = sum(len(numbers) for _case, numbers in cases)
    figures["held"] = cases_in_words(part, len(results), patients, slices, bool(split and split.by_slice))
    bleeding = [result for result in results if result.true_ml > 0]
    volumes = tuple(result.true_ml for result in bleeding), tuple(result.found_ml for result in bleeding)
    measured = [Measured("volume", "mL", *volumes)]
    figures["limits_of_agreement"] = {one.name: differences(one) for one in measured}
    figures["untold"] = unknown_in_words(_may_be_missing(figures), patients)
    return figures | {"results": [asdict(result) for result in results]}, pictures, measured


def _counted(split: Split | None, case: Patient, wanted: Sequence[str]) -> list[int]:
    """Which of a case's slices count, as they stand in its file."""
    count = len(case.labels)
    if split is None:
        return list(range(count))
    return sorted(chain(*chosen_slices(split.parts_of(case.number, count), wanted).values()))


def case_result(
    model: Path, device: str, case: Patient, original: Original, judged: Sequence[int], patient: str
) -> tuple[PatientResult, np.ndarray]:
    """Let a model read a case on its own voxels, and compare; give the found labels, too.

    Args:
        judged: numbers in the scan of the slices that count. patient: whose it is.
    """
    shown = (original.labels == HEMATOMA).any(axis=(1, 2))
    markers = dict(zip(MARKERS, case.markers.tolist(), strict=True))
    facts = {"location": case.location, "near_misses": (), "patient": patient, "judged": case.judged}
    truth = Truth(original.labels, markers, shown[:, None] & case.markers, facts, judged)
    result, found = compared(case.number, original.scan, truth, model, device)
    return replace(result, found_outside_ml=None), found  # no reader marked blood outside the brain


def _judged(
    model: Path, device: str, data: Path, names: dict[int, str], case: Patient, numbers: Sequence[int]
) -> tuple[PatientResult, CasePicture]:
    original = read_original(original_file(data, case.number))
    judged = [original.judged[number] for number in numbers]
    result, found = case_result(model, device, case, original, judged, names.get(case.number, str(case.number)))
    true = original.labels == HEMATOMA
    either = (true | (found == HEMATOMA)).sum(axis=(1, 2))
    number = judged[int(either[judged].argmax())]
    grey = original.scan.hounsfield[number]
    both, wanted, had = result.voxels
    dice = 2 * both / (wanted + had) if wanted + had else None
    return result, CasePicture(case.number, dice, number, grey, *WINDOW_HU, true[number], found[number] == HEMATOMA)


def _may_be_missing(figures: dict[str, Any]) -> dict[str, Any]:
    markers = {f"AUC of {MARKER_NAMES[marker].lower()}": one["auc"]["value"] for marker, one in figures["markers"].items()}
    without = {"false blood in heads without": figures["without_hematoma"]["share_below_half_ml"]}
    return (
        (markers or {"markers": None})
        | without
        | {"limits of agreement of volumes": figures["limits_of_agreement"]["volume"]["low"]}
    )

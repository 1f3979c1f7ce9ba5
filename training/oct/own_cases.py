"""How good a model is on own cases: the source study's table, agreement of the measurements, and its best and worst cases."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from LesionReadingLib.model.bundle import Bundle
from OCTCalciumLib.labels import CALCIUM
from OCTCalciumLib.measurement.pullback import PullbackMeasurement

from ..own_data.case_table import patient_names
from ..own_data.splits import read_split
from ..reporting.comparison import CasePicture, Measured, cases_in_words, differences, unknown_in_words
from ..reporting.scores import bootstrapped, sensitivity_and_specificity
from .data import Patient, load_patients
from .evaluate import Compared, compared, figures_of


def evaluate_own(
    bundle: Bundle, data: Path, part: str, parts: Sequence[str] | None, device: str
) -> tuple[dict[str, Any], list[CasePicture], list[Measured]]:
    """Compare a model with the readers' labels of the cases of some parts of a data folder.

    Args:
        part: what the parts are called. parts: of the split; None for a folder without one.

    Returns:
        Figures as of ``evaluate.evaluate``, with ``held`` (what was judged on), Dice of calcium over frames that show any with its
        interval over patients, how well frames with calcium are told from those without, limits of agreement, and what cannot be
        told; a picture of each case; and the quantities of the Bland-Altman plots.
    """
    names, split = patient_names(data), read_split(data)
    results, whose, pictures, frames = [], [], [], []
    for patient in load_patients(data) if parts is None else load_patients(data, parts):
        result = compared(bundle, patient, device)
        results.append(result)
        whose.append(names.get(patient.number, str(patient.number)))
        pictures.append(_picture(patient, result))
        frames += [(whose[-1], *row) for row in _frame_rows(patient, result)]
    of_patient, dice, true, found = (np.array(column) for column in zip(*frames, strict=True))
    count = len(set(of_patient.tolist()))
    shown = true | found
    figures = figures_of(results, whose) | {"shifted": False, "wide": False}
    figures["held"] = cases_in_words(part, len(results), count, len(frames), bool(split and split.by_slice))
    figures["frame_dice"] = vars(bootstrapped(lambda values, _: float(values.mean()), dice[shown], true[shown], of_patient[shown]))
    scores = dict(zip(("sensitivity", "specificity"), sensitivity_and_specificity(found, true), strict=True))
    figures["frames_with_calcium"] = {"true": int(true.sum()), "found": int(found.sum()), **scores}
    measured = _measured(results)
    figures["limits_of_agreement"] = {one.name: differences(one) for one in measured}
    figures["untold"] = unknown_in_words(_may_be_missing(figures), count)
    return figures, pictures, measured


def _frame_rows(patient: Patient, result: Compared) -> list[tuple[float, bool, bool]]:
    """Of every frame Dice of calcium, and whether it is there and found."""
    rows = []
    for truth, labels in zip(patient.pixels[1], result.labels, strict=True):
        true, found = truth == CALCIUM, labels == CALCIUM
        rows.append((_dice(true, found) or 0.0, bool(true.any()), bool(found.any())))
    return rows


def _picture(patient: Patient, result: Compared) -> CasePicture:
    true, found = np.asarray(patient.pixels[1]) == CALCIUM, result.labels == CALCIUM
    number = int((true | found).sum(axis=(1, 2)).argmax())
    return CasePicture(
        patient.number, _dice(true, found), number, np.asarray(patient.pixels[0, number]), 0, 255, true[number], found[number]
    )


def _measured(results: Sequence[Compared]) -> list[Measured]:
    frames = [both for one in results for both in zip(one.truth.frames, one.found.frames, strict=True)]
    arcs = [(t.arc_bridged_deg, f.arc_bridged_deg) for t, f in frames if t.deposits or f.deposits]
    thick = [(t.max_thickness_mm, f.max_thickness_mm) for t, f in frames if t.deposits and f.deposits]
    volumes = [(one.truth.volume_mm3, one.found.volume_mm3) for one in results if _has_volume(one.truth)]
    kinds = (("arc", "degrees", arcs), ("thickness", "mm", thick), ("volume", "mm3", volumes))
    return [Measured(name, unit, tuple(t for t, _ in pairs), tuple(f for _, f in pairs)) for name, unit, pairs in kinds]


def _has_volume(truth: PullbackMeasurement) -> bool:
    return truth.volume_mm3 is not None and len(truth.frames) > 1


def _may_be_missing(figures: dict[str, Any]) -> dict[str, Any]:
    calcium, frames = figures["four_classes"]["calcium"], figures["frames_with_calcium"]
    found = {"IoU of calcium": calcium["iou"]}
    found |= {f"{name} of frames with calcium": frames[name] for name in ("sensitivity", "specificity")}
    return found | {f"limits of agreement of {name}": one["low"] for name, one in figures["limits_of_agreement"].items()}


def _dice(true: np.ndarray, found: np.ndarray) -> float | None:
    both = int(true.sum()) + int(found.sum())
    return 2 * int((true & found).sum()) / both if both else None

"""Ranges of volume and of signs' probabilities: their numbers are fitted on validation heads, and counted on held-out ones.

A range of a volume holds the truth where the true volume lies in it. A sign is there or not, so a range of its probability holds
the truth where it does not lie on the wrong side of the network's threshold altogether: across the threshold it leaves the sign
open. Both are fitted so that nine of ten validation heads are held (split conformal prediction, with its correction for few heads).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import torch
from HematomaMarkersLib.labels import HEMATOMA, MARKER_NAMES, MARKERS, TASK
from HematomaMarkersLib.measurement.markers.sureness import SHARE
from HematomaMarkersLib.measurement.scan import LEAST_SIGN_ML
from HematomaMarkersLib.model.inference import read_head
from HematomaMarkersLib.model.patient_rule import patient_probabilities, rule_from_settings
from HematomaMarkersLib.model.prediction import NETWORKS
from HematomaMarkersLib.model.ranges import LITTLE_ML, FittedRanges, slices_ml, sure_and_possible
from LesionReadingLib.errors import InputError
from LesionReadingLib.model.bundle import find_bundle
from LesionReadingLib.model.prediction import choose_device, load_network
from scipy.special import logit

from ...processes import in_processes
from ...reporting.markdown import markdown_table
from ...wording import how_many
from ..data import Patient, load_patient
from ..slices import WINDOW_HU
from .evaluate import PatientResult

INNER = (0.5, 0.7, 0.8, 0.9, 0.95, 0.98)
OUTER = (0.5, 0.3, 0.2, 0.1, 0.05, 0.02)
LEAST_HEADS = 10
"""With fewer no number holds nine of ten."""


@dataclass(frozen=True)
class Seen:
    """A validation head as a bundle reads it.

    Attributes:
        true_ml: volume of the hematoma. sure_ml, possible_ml: see ``sure_and_possible``, for each of ``INNER`` and ``OUTER``.
        beyond: marker -> how far the logit of its probability lies on the wrong side of the threshold, below 0 on the right one;
            empty where there is no hematoma, less than ``LEAST_SIGN_ML`` is found of it, or nobody judged the markers.
    """

    true_ml: float
    sure_ml: tuple[float, ...]
    possible_ml: tuple[float, ...]
    beyond: Mapping[str, float]


def seen_heads(model: str | Path, files: Sequence[Path], device: str, processes: int) -> Iterator[Seen]:
    """Read validation heads, files of ``make_data`` or ``import``, with a bundle; on a processor several at once."""
    work = partial(_seen_file, find_bundle(model, TASK).path, device)
    yield from in_processes(work, files, processes=processes if choose_device(device).type == "cpu" else 1)


def _seen_file(model: Path, device: str, file: Path) -> Seen:
    return seen_head(model, load_patient(file), choose_device(device))


def seen_head(model: Path, patient: Patient, device: torch.device) -> Seen:
    """Read one.

    Raises:
        InputError: not all slices of it were kept.
    """
    if patient.inside is None or patient.extents_mm is None:
        raise InputError(
            f"Of patient {patient.number} not all slices were kept, so its volume is not known; import or draw it whole."
        )
    bundle = find_bundle(model, TASK)
    rule, network = rule_from_settings(bundle.settings, bundle.name), load_network(bundle, NETWORKS)
    image = (patient.hounsfield, patient.inside, patient.extents_mm)
    reading = read_head(network, *image, WINDOW_HU, device, lambda *_: None)
    true = patient.labels == HEMATOMA
    ends = [sure_and_possible(reading, patient.hounsfield, patient.extents_mm, inner, OUTER[0])[0] for inner in INNER]
    ends += [sure_and_possible(reading, patient.hounsfield, patient.extents_mm, INNER[0], outer)[1] for outer in OUTER]
    found = reading.labels == HEMATOMA
    found_ml, *volumes = [float(slices_ml(mask, patient.extents_mm).sum()) for mask in (found, true, *ends)]
    beyond = {}
    probabilities = patient_probabilities(reading.slice_logits, reading.margin_lengths, reading.areas_cm2, rule)
    if true.any() and patient.judged and found_ml >= LEAST_SIGN_ML:
        for marker, there in zip(MARKERS, patient.markers, strict=True):
            above = float(logit(np.clip(probabilities[marker], 1e-9, 1 - 1e-9)) - logit(rule.thresholds[marker]))
            beyond[marker] = -above if there else above
    return Seen(volumes[0], tuple(volumes[1 : 1 + len(INNER)]), tuple(volumes[1 + len(INNER) :]), beyond)


def fitted_ranges(heads: Sequence[Seen]) -> tuple[FittedRanges, str]:
    """The numbers, and a table of what each choice of probabilities would give: the narrowest ranges of the volume are chosen.

    Raises:
        InputError: too few heads.
    """
    judged = [head for head in heads if head.beyond]
    if min(len(judged), sum(head.true_ml > 0 for head in heads)) < LEAST_HEADS:
        raise InputError(
            f"Of {how_many(len(heads), 'head')} only {len(judged)} can be fitted on, with judged signs and a hematoma of which "
            f"{LEAST_SIGN_ML:g} mL or more is found; fit on {LEAST_HEADS} at least."
        )
    rows, choices = [], []
    for (at_low, inner), (at_high, outer) in product(enumerate(INNER), enumerate(OUTER)):
        volumes = [(head.true_ml, head.sure_ml[at_low], head.possible_ml[at_high]) for head in heads]
        by, width = _volume_ranges([each for each in volumes if each[0] > 0 or each[2] > 0])
        choices.append((width, by, inner, outer))
        rows.append([f"{inner:g}", f"{outer:g}", f"{by:.3f}", f"{width:.3f}"])
    _width, volume, inner, outer = min(choices)
    if math.isinf(volume):
        raise InputError("In more than one of ten heads a hematoma is missed with every probability; no range can hold the truth.")
    logits = {marker: max(0.0, held_by([head.beyond[marker] for head in judged]) + 1e-6) for marker in MARKERS}
    table = markdown_table(["inner", "outer", "moved (log mL)", "mean width (log mL)"], rows)
    return FittedRanges(inner, outer, volume, logits, len(heads)), table


def signs_fitted_on(heads: Sequence[Seen]) -> str:
    """On how many heads the ranges of signs are fitted, in a sentence."""
    bleeding = [head for head in heads if head.true_ml > 0]
    fitted = sum(bool(head.beyond) for head in bleeding)
    return (
        f"Ranges of signs are fitted on {fitted} of {how_many(len(bleeding), 'head')} with a hematoma; in the others less than "
        f"{LEAST_SIGN_ML:g} mL of it is found, or its signs were not judged."
    )


def held_by(errors: Sequence[float]) -> float:
    """The number that is no smaller than the next error with a probability of ``SHARE``; the largest where there are too few."""
    place = math.ceil((len(errors) + 1) * SHARE)
    return float(np.sort(errors)[min(place, len(errors)) - 1])


def _volume_ranges(heads: Sequence[tuple[float, float, float]]) -> tuple[float, float]:
    """Of (true, sure, possible) each: by how much ends move out, and the mean width; infinite where nothing can hold enough."""
    with np.errstate(divide="ignore"):
        true, low, high = np.log(np.array(heads, float) + LITTLE_ML).T
    errors = np.where(np.array([possible for *_, possible in heads]) > 0, np.maximum(low - true, true - high), np.inf)
    by = held_by(errors)
    return by, float(np.mean(high - low) + 2 * by)


def coverage(results: Sequence[PatientResult]) -> dict[str, Any] | None:
    """How often ranges held the truth; None of a model without ranges.

    Returns:
        ``volume``: over heads with a hematoma or in which one is possible: their number, how many true volumes were held, median
        width in mL. ``signs``: of each marker over heads with a hematoma in which signs are told: their number, how many were held,
        and how many ranges leave the sign open.
    """
    if any(result.probability_ranges is None for result in results):
        return None
    volumes = [
        (result.true_ml, *result.volume_range_ml) for result in results if result.true_ml > 0 or result.volume_range_ml[1] > 0
    ]
    signs = {}
    for marker in MARKERS:
        judged = [
            (result.true[marker], result.probability_ranges[marker], result.thresholds[marker])
            for result in results
            if result.true_ml > 0 and result.judged and result.signs_told
        ]
        held = [bool(high >= threshold if there else low < threshold) for there, (low, high), threshold in judged]
        is_open = [bool(low < threshold <= high) for _there, (low, high), threshold in judged]
        signs[marker] = {"held": sum(held), "count": len(judged), "open": sum(is_open)}
    held = sum(bool(low <= true <= high) for true, low, high in volumes)
    width = float(np.median([high - low for _true, low, high in volumes])) if volumes else None
    return {"volume": {"held": held, "count": len(volumes), "median_width_ml": width}, "signs": signs}


def coverage_table(found: Mapping[str, Any]) -> str:
    """A table of ``coverage``."""
    volume = found["volume"]
    rows = [["volume", _share(volume), "-" if volume["count"] == 0 else f"{volume['median_width_ml']:.1f} mL wide in the median"]]
    rows += [[MARKER_NAMES[marker].lower(), _share(one), f"left open in {one['open']}"] for marker, one in found["signs"].items()]
    return markdown_table([f"{SHARE:.0%} range of", "held the truth in", ""], rows)


def _share(one: Mapping[str, Any]) -> str:
    return f"{one['held']} of {how_many(one['count'], 'head')} ({one['held'] / one['count']:.0%})" if one["count"] else "no head"

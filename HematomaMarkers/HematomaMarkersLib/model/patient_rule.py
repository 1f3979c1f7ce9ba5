"""From the marker logits of slices to the probabilities of the patient: one stated rule, kept with the network.

The patient's logit is the mean of the few highest logits among the slices that show enough hematoma; scale and offset (Platt 1999)
turn it into a probability. To the logit of an irregular margin the length of the margin is added, with a weight, as it tells such
margins apart better than the network alone: of the slice with most hematoma for the patient, where shape is judged by eye, too, and
its own for a slice. Slices use the same scale and offset, so their probabilities can be read beside the patient's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from LesionReadingLib.errors import InputError
from LesionReadingLib.language import _

from ..labels import IRREGULAR_MARGIN, MARKERS


@dataclass(frozen=True)
class MarkerCalibration:
    """How a marker's logit becomes a probability, sigmoid(scale * logit + offset), and the one from which it counts as found."""

    scale: float = 1.0
    offset: float = 0.0
    threshold: float = 0.5


@dataclass(frozen=True)
class PatientRule:
    """The rule of a network.

    Attributes:
        markers: calibration of every marker of ``MARKERS``.
        top_slices: how many of the highest slice logits are averaged; fewer where there are fewer.
        least_area_cm2: hematoma on a slice from which the slice counts; where no slice has it, all with any hematoma count.
        margin_weight: of the margin's length (see ``HeadReading``) in the logit of an irregular margin.
    """

    markers: Mapping[str, MarkerCalibration]
    top_slices: int = 3
    least_area_cm2: float = 0.5
    margin_weight: float = 0.0

    @property
    def thresholds(self) -> dict[str, float]:
        """Probability from which each marker counts as found."""
        return {marker: self.markers[marker].threshold for marker in MARKERS}

    def to_settings(self) -> dict[str, Any]:
        """The rule as JSON, for a bundle's settings under ``"markers"``."""
        return {
            "top_slices": self.top_slices,
            "least_area_cm2": self.least_area_cm2,
            "margin_weight": self.margin_weight,
            "markers": {marker: asdict(self.markers[marker]) for marker in MARKERS},
        }


def rule_from_settings(settings: Mapping[str, Any], bundle_name: str) -> PatientRule:
    """Give the rule of a bundle's settings.

    Raises:
        InputError: the settings hold no complete rule.
    """
    try:
        own = settings["markers"]
        calibrations = {marker: MarkerCalibration(**own["markers"][marker]) for marker in MARKERS}
        weight = float(own.get("margin_weight", 0.0))  # bundles from before have none
        rule = PatientRule(calibrations, int(own["top_slices"]), float(own["least_area_cm2"]), weight)
        _check(rule)
        return rule
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(
            _(
                "The model {bundle_name} does not say how slices make a patient (lesion_reading.markers in its "
                "metadata); choose another model."
            ).format(bundle_name=bundle_name)
        ) from error


def _check(rule: PatientRule) -> None:
    """Refuse a rule with which no probability comes out.

    Raises:
        TypeError, ValueError: what is no number, or out of its range.
    """
    for calibration in rule.markers.values():
        if not (0 < calibration.threshold < 1 and abs(calibration.scale) < 1e3 and abs(calibration.offset) < 1e3):
            raise ValueError("a calibration out of range")
    if not (1 <= rule.top_slices <= 1000 and 0 <= rule.least_area_cm2 <= 1000 and 0 <= rule.margin_weight <= 1000):
        raise ValueError("a rule out of range")


def patient_probabilities(
    slice_logits: np.ndarray, margin_lengths: np.ndarray, areas_cm2: np.ndarray, rule: PatientRule
) -> dict[str, float | None]:
    """Give the probability of every marker in a patient; None where no slice shows a hematoma.

    Args:
        slice_logits: (slices, 4), nan where the slice has no hematoma.
        margin_lengths, areas_cm2: (slices,) of the hematoma, as ``HeadReading`` has them.
    """
    counting = counting_slices(slice_logits, areas_cm2, rule)
    if not counting.any():
        return dict.fromkeys(MARKERS)
    highest = np.sort(slice_logits[counting], axis=0)[-rule.top_slices :]
    largest = np.where(counting, areas_cm2, -1.0).argmax()
    probabilities = calibrated(with_margin(highest.mean(axis=0), margin_lengths[largest], rule), rule)
    return {marker: float(value) for marker, value in zip(MARKERS, probabilities, strict=True)}


def with_margin(logits: np.ndarray, margin_lengths: np.ndarray, rule: PatientRule) -> np.ndarray:
    """Give logits (..., 4) with what the margin's length (...) adds to that of an irregular margin."""
    of_marker = np.array([marker == IRREGULAR_MARGIN for marker in MARKERS])
    return np.where(of_marker, logits + rule.margin_weight * np.asarray(margin_lengths)[..., None], logits)


def marker_slices(slice_logits: np.ndarray, areas_cm2: np.ndarray, rule: PatientRule) -> dict[str, int | None]:
    """Give, for every marker, the slice of the highest logit among those that count; None where no slice shows a hematoma."""
    counting = np.flatnonzero(counting_slices(slice_logits, areas_cm2, rule))
    if not len(counting):
        return dict.fromkeys(MARKERS)
    return {marker: int(counting[slice_logits[counting, number].argmax()]) for number, marker in enumerate(MARKERS)}


def counting_slices(slice_logits: np.ndarray, areas_cm2: np.ndarray, rule: PatientRule) -> np.ndarray:
    """Give bool (slices,), which slices the rule looks at."""
    known = ~np.isnan(slice_logits).any(axis=1)
    large = known & (areas_cm2 >= rule.least_area_cm2)
    return large if large.any() else known


def calibrated(logits: np.ndarray, rule: PatientRule) -> np.ndarray:
    """Give probabilities (..., 4) of logits (..., 4); nan stays nan."""
    calibrations = [rule.markers[marker] for marker in MARKERS]
    scales, offsets = (np.array([getattr(one, name) for one in calibrations]) for name in ("scale", "offset"))
    return (1 / (1 + np.exp(-np.clip(scales * logits + offsets, -60, 60)))).astype(np.float32)

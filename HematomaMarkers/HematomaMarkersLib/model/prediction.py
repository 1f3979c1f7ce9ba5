"""From a scan to its label map, the probabilities of the markers, and heat maps on the scan's own voxels."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from LesionReadingLib.bundle import Bundle
from LesionReadingLib.errors import InputError
from LesionReadingLib.language import _
from LesionReadingLib.prediction import choose_device, load_network
from scipy import ndimage

from ..labels import HEMATOMA, MARKERS, OUTSIDE_BRAIN
from ..measurement.markers.network_result import NetworkResult
from ..measurement.markers.sureness import Sureness
from ..measurement.outside_blood import OutsideBlood
from ..reading.scan import Scan
from .inference import HeadReading, read_head
from .network import JointNetwork
from .patient_rule import calibrated, marker_slices, patient_probabilities, rule_from_settings
from .preparation.prepare import Prepared, Steps, prepare
from .ranges import FittedRanges, probability_range, ranges_from_settings, slices_ml, sure_and_possible, volume_range_ml

NETWORKS = {"JointNetwork": JointNetwork}


@dataclass(frozen=True, eq=False)
class Segmentation:
    """What the network marked, on the scan's voxels (slices, rows, columns).

    Attributes:
        labels: uint8, values of ``labels``. outside_brain: bool, blood outside the brain.
        notes: sentences for the report on how the network worked.
    """

    labels: np.ndarray
    outside_brain: np.ndarray
    notes: tuple[str, ...]


def predict(
    scan: Scan,
    bundle: Bundle,
    device: str,
    window: tuple[float, float],
    progress: Callable[[int, int], None],
    *,
    without: Collection[str] = (),
) -> tuple[Segmentation, NetworkResult]:
    """Find the hematoma of a scan and tell its markers.

    Args:
        bundle: a model of the task ``hematoma-markers``.
        device: ``"auto"``, ``"cpu"`` or ``"cuda"``.
        window: lower and upper end in HU, see ``windows``.
        progress: called with (slices done, slices in all) after every slice.
        without: steps of the preparation to leave out (names of ``Steps``), beside those that the model was trained without.

    Raises:
        InputError: no brain is found, or the bundle or the device cannot be used. Whatever ``progress`` raises ends the work.
    """
    rule, fitted = rule_from_settings(bundle.settings, bundle.name), ranges_from_settings(bundle.settings, bundle.name)
    network, on_device = load_network(bundle, NETWORKS), choose_device(device)
    steps = replace(preparation_of(bundle), **dict.fromkeys(without, False))
    prepared = prepare(scan, steps)
    order = prepared.slice_order
    reading = read_head(network, prepared.hounsfield, prepared.inside, prepared.extents_mm, window, on_device, progress)
    labels = prepared.labels_to_scan(reading.labels)
    shown = (labels == HEMATOMA).any(axis=(1, 2))  # where pixels are large, a small hematoma may have none of its own
    logits = np.where(shown[order][:, None], reading.slice_logits, np.nan)
    of_scan = np.where(shown[:, None], reading.slice_logits[prepared.read_for], np.nan)
    outside = _outside_mask(scan, prepared, reading)
    likeliest = marker_slices(logits, reading.areas_cm2, rule)
    probabilities = patient_probabilities(logits, reading.areas_cm2, rule)
    measured_ml = float((labels == HEMATOMA).sum(axis=(1, 2)) @ scan.grid.voxel_ml)
    sureness, unsure = _sureness(prepared, reading, fitted, measured_ml, probabilities) if fitted else (None, None)
    return Segmentation(labels, outside, reading.notes), NetworkResult(
        probabilities=probabilities,
        thresholds=rule.thresholds,
        marker_slices={marker: None if number is None else int(order[number]) for marker, number in likeliest.items()},
        slice_probabilities=calibrated(of_scan, rule),
        heat=partial(heat_map, prepared, reading),
        model=bundle.summary(),
        outside=None if reading.outside is None else _outside(scan, outside),
        sureness=sureness,
        unsure=unsure,
    )


def heat_map(prepared: Prepared, reading: HeadReading, marker: str) -> np.ndarray:
    """Give what speaks for a marker (Grad-CAM), float32 (slices, rows, columns) in [0, 1] on the scan's voxels.

    The hottest voxel of all slices is 1, so slices can be compared. Outside the head it is 0, outside the hematoma and its
    surroundings too if the network looked only there, and everywhere if nothing speaks for the marker.
    """
    coarse = reading.heat[:, MARKERS.index(marker)]
    inside = prepared.inside & reading.looked_at
    fine = np.zeros(inside.shape, np.float32)
    for number in np.flatnonzero(coarse.any(axis=(1, 2))):
        fine[number] = ndimage.zoom(coarse[number], inside.shape[1] / coarse.shape[1], order=1, mode="nearest", grid_mode=True)
    heat = prepared.to_scan(fine * inside)
    highest = heat.max()
    for number in np.flatnonzero(heat.any(axis=(1, 2))):  # the other slices take no memory until something is written to them
        heat[number] /= highest
    return heat


def _sureness(
    prepared: Prepared,
    reading: HeadReading,
    fitted: FittedRanges,
    measured_ml: float,
    probabilities: Mapping[str, float | None],
) -> tuple[Sureness, Callable[[], np.ndarray]]:
    """How sure the network is, and what gives where it is not."""
    extents_mm = prepared.extents_mm
    sure, possible = sure_and_possible(reading, prepared.hounsfield, extents_mm, fitted.inner, fitted.outer)
    ends_ml = slices_ml(sure, extents_mm).sum(), slices_ml(possible, extents_mm).sum()
    unsure = possible & ~sure
    unsure_ml = slices_ml(unsure, extents_mm)
    ranges = {
        marker: None if value is None else probability_range(value, fitted.logits[marker])
        for marker, value in probabilities.items()
    }
    return Sureness(
        volume_ml=volume_range_ml(ends_ml, measured_ml, fitted.volume),
        probabilities=ranges,
        slice=int(prepared.slice_order[unsure_ml.argmax()]) if unsure_ml.any() else None,
    ), lambda: prepared.labels_to_scan(np.where(unsure, HEMATOMA, 0).astype(np.uint8)) > 0


def _outside_mask(scan: Scan, prepared: Prepared, reading: HeadReading) -> np.ndarray:
    if reading.outside is None:
        return np.zeros(scan.hounsfield.shape, bool)
    return prepared.labels_to_scan(np.where(reading.outside, OUTSIDE_BRAIN, 0).astype(np.uint8)) > 0


def _outside(scan: Scan, mask: np.ndarray) -> OutsideBlood:
    volumes_ml = mask.sum(axis=(1, 2)) * scan.grid.voxel_ml
    return OutsideBlood(float(volumes_ml.sum()), int(volumes_ml.argmax()) if volumes_ml.any() else None)


def preparation_of(bundle: Bundle) -> Steps:
    """The preparation with which a model was trained.

    Raises:
        InputError: it asks for steps that are not known.
    """
    stated = bundle.settings.get("preparation", {})
    try:
        steps = Steps(**stated)
    except TypeError as error:
        raise _unknown_steps(bundle) from error
    if not all(isinstance(value, bool) for value in stated.values()):
        raise _unknown_steps(bundle)
    return steps


def _unknown_steps(bundle: Bundle) -> InputError:
    return InputError(
        _(
            "The model {name} asks for a preparation that this version does not know "
            "(lesion_reading.preparation in its metadata); choose another model or update LesionReading."
        ).format(name=bundle.name),
        "model",
    )

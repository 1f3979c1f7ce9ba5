"""From a scan to its label map, the probabilities of the markers, and heat maps on the scan's own voxels."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from LesionReadingLib.errors import InputError
from LesionReadingLib.labels.label_map import pixels_by_slice
from LesionReadingLib.language import _
from LesionReadingLib.model.bundle import Bundle
from LesionReadingLib.model.prediction import choose_device, load_network
from scipy import ndimage

from ..labels import HEMATOMA, MARKERS
from ..measurement.markers.network_result import NetworkResult
from ..measurement.markers.sureness import Sureness
from ..measurement.outside_blood import OutsideBlood
from ..reading.scan import Scan
from .inference import HeadReading, read_head
from .network import JointNetwork
from .patient_rule import calibrated, marker_slices, patient_probabilities, rule_from_settings, with_margin
from .preparation.prepare import Prepared, Steps, prepare
from .preparation.slices import ReadSlices
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
    pixels = pixels_by_slice(labels, HEMATOMA)
    shown = pixels > 0  # where pixels are large, a small hematoma may have none of its own
    logits = np.where(shown[order][:, None], reading.slice_logits, np.nan)
    of_slices = with_margin(logits, reading.margin_lengths, rule)
    of_scan = np.where(shown[:, None], with_margin(reading.slice_logits, reading.margin_lengths, rule)[prepared.read_for], np.nan)
    outside = prepared.mask_to_scan(np.zeros(reading.labels.shape, bool) if reading.outside is None else reading.outside)
    likeliest = marker_slices(of_slices, reading.areas_cm2, rule)
    probabilities = patient_probabilities(logits, reading.margin_lengths, reading.areas_cm2, rule)
    measured_ml = float(pixels @ scan.grid.voxel_ml)
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


class HeatMap(Sequence[np.ndarray]):
    """What speaks for a marker (Grad-CAM), float32 (slices, rows, columns) in [0, 1] on the scan's voxels.

    The hottest voxel of all slices is 1, so slices can be compared. Outside the head it is 0, outside the hematoma and its
    surroundings too if the network looked only there, and everywhere if nothing speaks for the marker.

    A slice is made when it is asked for: all together would take twice the memory of the scan.

    Args:
        read: slices of the scan that were read. values: their heat, float32 (read, rows, columns), 0 and more.
    """

    dtype = np.dtype(np.float32)

    def __init__(self, read: ReadSlices, values: np.ndarray) -> None:
        self._read, self._values, self._highest = read, values, values.max()
        self._filled = frozenset(read.filled(values).tolist())

    @property
    def shape(self) -> tuple[int, int, int]:
        """(slices, rows, columns)"""
        return len(self), *self._values.shape[1:]

    def __len__(self) -> int:
        return len(self._read.share)

    def __getitem__(self, number: int) -> np.ndarray:
        number = range(len(self))[number]
        if number not in self._filled:
            return np.zeros(self.shape[1:], np.float32)
        return self._read.slice_of(self._values, number) / self._highest


def heat_map(prepared: Prepared, reading: HeadReading, marker: str) -> HeatMap:
    """Give what speaks for a marker."""
    coarse = reading.heat[:, MARKERS.index(marker)]
    inside = prepared.inside & reading.looked_at
    fine = np.zeros(inside.shape, np.float32)
    for number in np.flatnonzero(coarse.any(axis=(1, 2))):
        fine[number] = ndimage.zoom(coarse[number], inside.shape[1] / coarse.shape[1], order=1, mode="nearest", grid_mode=True)
    return HeatMap(prepared.read, prepared.to_read_slices(fine * inside))


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
    ), partial(prepared.mask_to_scan, unsure)


def _outside(scan: Scan, mask: np.ndarray) -> OutsideBlood:
    volumes_ml = pixels_by_slice(mask, True) * scan.grid.voxel_ml
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

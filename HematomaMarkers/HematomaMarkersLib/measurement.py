"""The measurement of a scan from its label map: volumes, shape, and the evidence for each marker.

Works on any label map (a network's, an annotator's, another program's) and needs no network. Without the CT, what needs
densities is absent. Slices are measured one by one, so that one edited slice can be measured again alone. All arrays are
(slices, rows, columns).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from LesionReadingLib.errors import InputError
from LesionReadingLib.labels.label_map import whole_labels
from LesionReadingLib.slice_grid import SliceGrid

from .evidence import MarkerEvidence, found_on_slice, gather_evidence
from .evidence_holes import walls_in_space
from .labels import MARKERS, NAMES
from .margin import shape_scale, sphericity
from .scan import Scan
from .slice_measurement import SliceMeasurement, measure_slice, slice_shift
from .volume import Abc2, abc2

if TYPE_CHECKING:
    from .growth import Growth

__all__ = ["Abc2", "MarkerEvidence", "ScanMeasurement", "SliceMeasurement", "measure_scan", "remeasure", "to_json"]


@dataclass(frozen=True, eq=False)
class ScanMeasurement:
    """The numbers of a scan; without a hematoma they are 0 and no evidence is found.

    Attributes:
        grid: of the label map. with_ct: whether densities were measured.
        slices: one per slice of the label map.
        volume_ml, ivh_ml: voxels x their volume. abc2: the bedside volume with its lengths.
        mean_hu: of all hematoma voxels; None without hematoma or CT.
        evidence: marker -> what was measured for it.
        island_count, satellite_count: on the slice with most, see ``margin``.
        shape_scale: 1 to 5, the stand-in for Barras 2009; None without a hematoma. shape_scale_slice: where it was found.
        sphericity: 1 for a ball; None without a hematoma.
    """

    grid: SliceGrid
    with_ct: bool
    slices: tuple[SliceMeasurement, ...]
    volume_ml: float
    ivh_ml: float
    abc2: Abc2
    mean_hu: float | None
    evidence: dict[str, MarkerEvidence]
    island_count: int
    satellite_count: int
    shape_scale: int | None
    shape_scale_slice: int | None
    sphericity: float | None

    @property
    def abc2_ml(self) -> float:
        """The bedside volume."""
        return self.abc2.volume_ml


def measure_scan(scan: Scan | None, labels: np.ndarray, grid: SliceGrid | None = None) -> ScanMeasurement:
    """Measure a whole scan.

    Args:
        scan: the CT on the label map's voxels; None where there is only a label map.
        labels: (slices, rows, columns), or (rows, columns) for a single slice, whole numbers: 0 background, 1 hematoma, 2
            intraventricular blood.
        grid: where the voxels lie; that of the scan where None.

    Raises:
        InputError: the label map is empty, of another dimension, not of whole numbers, has other values, or does not fit the grid.
    """
    labels, grid = _checked(scan, labels, grid)
    slices = tuple(measure_slice(scan, labels[number], grid, number) for number in range(grid.slice_count))
    return _summary(slices, grid, scan is not None)


def remeasure(measurement: ScanMeasurement, scan: Scan | None, labels: np.ndarray, slice: int) -> ScanMeasurement:
    """The measurement after one slice was edited; the other slices are not looked at again.

    Args:
        measurement: before the edit. scan: as it was given to ``measure_scan``.
        labels: the whole label map after the edit. slice: the edited slice, from 0.

    Raises:
        InputError: the slice is not in the scan, or the labels cannot be used (as in ``measure_scan``).
    """
    count = measurement.grid.slice_count
    if not 0 <= slice < count:
        raise InputError(f"Slice {slice} is not in the scan of {count} slices; name one from 0 on.")
    labels, _ = _checked(scan, labels, measurement.grid)
    slices = list(measurement.slices)
    slices[slice] = measure_slice(scan, labels[slice], measurement.grid, slice)
    return _summary(tuple(slices), measurement.grid, scan is not None)


def _checked(scan: Scan | None, labels: np.ndarray, grid: SliceGrid | None) -> tuple[np.ndarray, SliceGrid]:
    labels = whole_labels(labels, NAMES)
    if grid is None:
        if scan is None:
            raise InputError("A label map alone tells no distances; give the grid on which it lies.")
        grid = scan.grid
    if labels.shape != grid.shape:
        raise InputError(_misfit("label map", labels, "its grid", grid))
    if scan is not None and scan.hounsfield.shape != grid.shape:
        raise InputError(_misfit("CT", scan.hounsfield, "the label map", grid))
    return labels, grid


def _misfit(what: str, array: np.ndarray, other: str, grid: SliceGrid) -> str:
    sizes = ("x".join(map(str, shape)) for shape in (np.shape(array), grid.shape))
    return f"The {what} has {next(sizes)} voxels and {other} {next(sizes)}; give both on the same voxels."


def _summary(slices: tuple[SliceMeasurement, ...], grid: SliceGrid, with_ct: bool) -> ScanMeasurement:
    """Everything about the scan that follows from its slices."""
    slices = _with_walls_in_space(slices, grid)
    shown = [measured for measured in slices if measured.margin]
    weights_ml = [measured.volume_ml for measured in shown]
    volume_ml = sum(measured.volume_ml for measured in slices)
    scale, scale_slice = shape_scale([(measured.slice, measured.margin) for measured in shown], weights_ml)
    return ScanMeasurement(
        grid=grid,
        with_ct=with_ct,
        slices=slices,
        volume_ml=volume_ml,
        ivh_ml=sum(measured.ivh_ml for measured in slices),
        abc2=abc2(
            [measured.area_mm2 for measured in slices],
            grid.extents_mm,
            [(measured.longest_mm, measured.across_mm) for measured in slices],
        ),
        mean_hu=_mean_hu(slices, volume_ml) if with_ct and volume_ml else None,
        evidence=gather_evidence(slices, with_ct),
        island_count=max((measured.margin.islands for measured in shown), default=0),
        satellite_count=max((measured.margin.satellites for measured in shown), default=0),
        shape_scale=scale,
        shape_scale_slice=scale_slice,
        sphericity=sphericity([(m.position_mm, m.extent_mm, m.area_mm2, m.margin.perimeter_mm) for m in shown]),
    )


def _with_walls_in_space(slices: tuple[SliceMeasurement, ...], grid: SliceGrid) -> tuple[SliceMeasurement, ...]:
    """The slices with their holes' walls lowered to those in space, a run of slices with hematoma at a time."""
    slices = list(slices)
    shown = [measured.slice for measured in slices if measured.region]
    for run in np.split(np.array(shown, int), np.flatnonzero(np.diff(shown) > 1) + 1):
        own = [slices[number] for number in run]
        shifts = [slice_shift(grid, number, run[0]) for number in run]
        walled = walls_in_space([measured.region for measured in own], [measured.holes for measured in own], shifts)
        for number, holes in zip(run, walled, strict=True):
            slices[number] = replace(slices[number], holes=holes)
    return tuple(slices)


def _mean_hu(slices: tuple[SliceMeasurement, ...], volume_ml: float) -> float:
    return sum(measured.mean_hu * measured.volume_ml for measured in slices if measured.mean_hu is not None) / volume_ml


def to_json(
    measurement: ScanMeasurement,
    probabilities: Mapping[str, float | None] | None = None,
    growth: Growth | None = None,
    slice_probabilities: np.ndarray | None = None,
) -> dict[str, Any]:
    """The content of measurements.json (schema hematoma-markers/1).

    Args:
        probabilities: marker -> the patient's probability; None where no network was asked.
        growth: since an earlier scan; None where there is none.
        slice_probabilities: (slices, 4) in the order of ``labels.MARKERS``, NaN where there is none; None where no network was
            asked.
    """
    grid, abc = measurement.grid, measurement.abc2
    return {
        "schema": "hematoma-markers/1",
        "spacing_mm": [grid.row_mm, grid.column_mm, float(np.mean(grid.extents_mm))],
        "extents_mm": grid.extents_mm.tolist(),
        "with_ct": measurement.with_ct,
        "volume_ml": measurement.volume_ml,
        "abc2_ml": measurement.abc2_ml,
        "abc2": asdict(abc),
        "ivh_ml": measurement.ivh_ml,
        "mean_hu": measurement.mean_hu,
        "island_count": measurement.island_count,
        "satellite_count": measurement.satellite_count,
        "shape_scale": measurement.shape_scale,
        "shape_scale_slice": measurement.shape_scale_slice,
        "sphericity": measurement.sphericity,
        "markers": {
            marker: {"probability": (probabilities or {}).get(marker), "evidence": asdict(evidence)}
            for marker, evidence in measurement.evidence.items()
        },
        "slices": [
            _slice_json(measured, None if slice_probabilities is None else slice_probabilities[measured.slice])
            for measured in measurement.slices
        ],
        "growth": _growth_json(growth) if growth else None,
    }


def _slice_json(measured: SliceMeasurement, probabilities: np.ndarray | None) -> dict[str, Any]:
    known = np.full(len(MARKERS), np.nan) if probabilities is None else np.asarray(probabilities, float)
    given = {marker: None if np.isnan(value) else float(value) for marker, value in zip(MARKERS, known, strict=True)}
    found = found_on_slice(measured)
    return {
        "slice": measured.slice,
        "position_mm": measured.position_mm,
        "extent_mm": measured.extent_mm,
        "area_mm2": measured.area_mm2,
        "ivh_area_mm2": measured.ivh_area_mm2,
        "volume_ml": measured.volume_ml,
        "mean_hu": measured.mean_hu,
        "longest_mm": measured.longest_mm,
        "across_mm": measured.across_mm,
        "shape_scale": measured.margin.scale if measured.margin else None,
        "markers": {marker: {"probability": given[marker], "evidence": found[marker]} for marker in MARKERS},
    }


def _growth_json(growth: Growth) -> dict[str, Any]:
    return {
        "prior_ml": growth.prior_ml,
        "change_ml": growth.change_ml,
        "change_percent": growth.change_percent,
        "expanded": {"seed_30_percent": growth.expanded_seed_30_percent, "6ml_or_33_percent": growth.expanded_6ml_or_33_percent},
        "within_error": growth.within_error,
        "new_ivh": growth.new_ivh,
        "prior_ivh_ml": growth.prior_ivh_ml,
        "ivh_change_ml": growth.ivh_change_ml,
        "hours": growth.hours,
        "rotation_deg": growth.rotation_deg,
        "translation_mm": growth.translation_mm,
        "likeness": growth.likeness,
        "transform": None if growth.transform is None else growth.transform.tolist(),
        "notes": list(growth.notes),
    }

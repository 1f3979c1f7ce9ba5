"""The measurement of a scan from its label map: volumes, shape, and the evidence for each marker.

Works on any label map (a network's, an annotator's, another program's) and needs no network. Without the CT, what needs
densities is absent. Slices are measured one by one, so that one edited slice can be measured again alone. All arrays are
(slices, rows, columns).

Where no hematoma counts (``ScanMeasurement.has_hematoma``) there are volumes alone, no shape and no evidence; where it is too small
to show signs (``ScanMeasurement.shows_signs``), no evidence and no grade of its margin.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from LesionReadingLib.errors import InputError
from LesionReadingLib.geometry.grid import Grid
from LesionReadingLib.labels.label_map import whole_labels
from LesionReadingLib.language import _

from ..labels import NAMES
from ..reading.scan import Scan
from .markers.gathered import gather_evidence, not_judged
from .markers.holes import walls_in_space
from .markers.margin import shape_scale, sphericity
from .markers.slice import SliceMeasurement, measure_slice, slice_shift
from .plausibility import doubts
from .scan import LEAST_HEMATOMA_ML, LEAST_SIGN_ML, ScanMeasurement
from .ventricles import HeadSpaces, apart_from_ventricles, head_spaces
from .volume import abc2

_SPACES_FROM_ML = 20.0  # less is never much of a brain


def least_sign_ml_on(scan: Scan | None, least_ml: float, in_pictures_ml: float) -> float:
    """From how much hematoma on signs are judged: ``in_pictures_ml``, if that is more, where the scan is cut to a window.

    Args:
        scan: None where only contours were given.
    """
    return max(least_ml, in_pictures_ml) if scan is not None and scan.is_cut_to_window else least_ml


def measure_scan(
    scan: Scan | None,
    labels: np.ndarray,
    grid: Grid | None = None,
    *,
    least_ml: float = LEAST_HEMATOMA_ML,
    least_sign_ml: float = LEAST_SIGN_ML,
) -> ScanMeasurement:
    """Measure a whole scan.

    Args:
        scan: the CT on the label map's voxels; None where there is only a label map.
        labels: (slices, rows, columns), or (rows, columns) for a single slice, whole numbers: 0 background, 1 hematoma, 2
            intraventricular blood.
        grid: where the voxels lie; that of the scan where None.
        least_ml: from which blood counts as a hematoma. least_sign_ml: of a hematoma, from which signs are judged.

    Raises:
        InputError: the label map is empty, of another dimension, not of whole numbers, has other values, or does not fit the grid.
    """
    labels, grid = _checked(scan, labels, grid)
    slices = tuple(measure_slice(scan, labels[number], grid, number) for number in range(grid.slice_count))
    spaces = _spaces(scan, labels, slices, None)
    return _summary(slices, grid, (least_ml, least_sign_ml), spaces, labels, scan is not None)


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
        raise InputError(
            _("Slice {slice} is not in the scan of {count} slices; name one from 0 on.").format(slice=slice, count=count)
        )
    labels, _rest = _checked(scan, labels, measurement.grid)
    slices = list(measurement.slices)
    slices[slice] = measure_slice(scan, labels[slice], measurement.grid, slice)
    spaces = _spaces(scan, labels, slices, measurement.spaces)
    least = measurement.least_ml, measurement.least_sign_ml
    return _summary(tuple(slices), measurement.grid, least, spaces, labels, scan is not None)


def _checked(scan: Scan | None, labels: np.ndarray, grid: Grid | None) -> tuple[np.ndarray, Grid]:
    labels = whole_labels(labels, NAMES)
    if grid is None:
        if scan is None:
            raise InputError(_("A label map alone tells no distances; give the grid on which it lies."))
        grid = scan.grid
    if labels.shape != grid.shape:
        raise InputError(_misfit(_("label map"), labels, _("its grid"), grid))
    if scan is not None and scan.hounsfield.shape != grid.shape:
        raise InputError(_misfit("CT", scan.hounsfield, _("the label map"), grid))
    return labels, grid


def _misfit(what: str, array: np.ndarray, other: str, grid: Grid) -> str:
    size, wanted = ("x".join(map(str, shape)) for shape in (np.shape(array), grid.shape))
    sentence = _("The {what} has {size} voxels and {other} {wanted}; give both on the same voxels.")
    return sentence.format(what=what, size=size, other=other, wanted=wanted)


def _spaces(
    scan: Scan | None, labels: np.ndarray, slices: Sequence[SliceMeasurement], known: HeadSpaces | None
) -> HeadSpaces | None:
    """Brain and ventricles of the scan, where what was marked has to be held against them."""
    if scan is None or known is not None:
        return known
    wanted = any(measured.ivh_ml for measured in slices) or sum(measured.volume_ml for measured in slices) >= _SPACES_FROM_ML
    return head_spaces(scan) if wanted else None


def _summary(
    slices: tuple[SliceMeasurement, ...],
    grid: Grid,
    least: tuple[float, float],
    spaces: HeadSpaces | None,
    labels: np.ndarray,
    with_ct: bool,
) -> ScanMeasurement:
    """Everything about the scan that follows from its slices; ``least``: mL of a hematoma, and of one on which signs are judged."""
    least_ml, least_sign_ml = least
    slices = _with_walls_in_space(slices, grid)
    volume_ml, ivh_ml, specks_ml = (sum(getattr(one, name) for one in slices) for name in ("volume_ml", "ivh_ml", "specks_ml"))
    apart_ml = 0.0
    if spaces is not None and ivh_ml:
        apart_ml = float(np.count_nonzero(apart_from_ventricles(labels, spaces), axis=(1, 2)) @ grid.voxel_ml)
    plain = ScanMeasurement(
        grid=grid,
        with_ct=with_ct,
        slices=slices,
        volume_ml=volume_ml,
        ivh_ml=ivh_ml,
        specks_ml=specks_ml,
        least_ml=least_ml,
        least_sign_ml=least_sign_ml,
        ivh_apart_ml=min(apart_ml, ivh_ml),
        ventricles_seen=None if spaces is None else spaces.ventricles_seen,
        doubts=_doubts(slices, volume_ml, ivh_ml, least_ml, spaces),
        abc2=abc2(
            [measured.area_mm2 for measured in slices],
            grid.extents_mm,
            [(measured.longest_mm, measured.across_mm) for measured in slices],
        ),
        mean_hu=_mean_hu(slices, "mean_hu", "volume_ml"),
        evidence=gather_evidence((), with_ct),
        island_count=0,
        satellite_count=0,
        shape_scale=None,
        shape_scale_slice=None,
        sphericity=None,
        spaces=spaces,
    )
    return _with_shape(plain) if plain.has_hematoma else plain


def _with_shape(measurement: ScanMeasurement) -> ScanMeasurement:
    shown = [measured for measured in measurement.slices if measured.margin]
    shaped = replace(
        measurement,
        island_count=max(one.margin.islands for one in shown),
        satellite_count=max(one.margin.satellites for one in shown),
        sphericity=sphericity([(one.position_mm, one.extent_mm, one.area_mm2, one.margin.perimeter_mm) for one in shown]),
    )
    if not measurement.shows_signs:
        return replace(shaped, evidence=not_judged(measurement.least_sign_ml))
    scale, scale_slice = shape_scale([(one.slice, one.margin) for one in shown], [one.volume_ml for one in shown])
    evidence = gather_evidence(measurement.slices, measurement.with_ct)
    return replace(shaped, evidence=evidence, shape_scale=scale, shape_scale_slice=scale_slice)


def _doubts(
    slices: Sequence[SliceMeasurement], volume_ml: float, ivh_ml: float, least_ml: float, spaces: HeadSpaces | None
) -> tuple[str, ...]:
    """What cannot be blood; the density of what is too little to count is not asked."""
    densities = [
        _mean_hu(slices, density, volume) if marked_ml >= least_ml else None
        for density, volume, marked_ml in (("mean_hu", "volume_ml", volume_ml), ("ivh_mean_hu", "ivh_ml", ivh_ml))
    ]
    return doubts(volume_ml, ivh_ml, *densities, None if spaces is None else spaces.brain_ml)


def _with_walls_in_space(slices: tuple[SliceMeasurement, ...], grid: Grid) -> tuple[SliceMeasurement, ...]:
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


def _mean_hu(slices: Sequence[SliceMeasurement], density: str, volume: str) -> float | None:
    """The mean of a density over all slices, each with its volume; None where no slice has it."""
    known = [(getattr(one, density), getattr(one, volume)) for one in slices if getattr(one, density) is not None]
    return float(sum(hu * ml for hu, ml in known) / sum(ml for _, ml in known)) if known else None

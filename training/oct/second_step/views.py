"""Unrolled walls to learn calcium from: views of phantoms, and of real frames."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
from LesionReadingLib.errors import InputError
from OCTCalciumLib.labels import BACKGROUND, CALCIUM, GUIDEWIRE, LUMEN
from OCTCalciumLib.wall.polar_view import ANGLES, CHANNELS, DEPTHS, PolarView, channels, distance_to_catheter_mm, polar_view
from scipy.ndimage import gaussian_filter, gaussian_filter1d

from ...processes import in_processes
from ..data import Patient, is_validation, load_patients

ANGLE_RAD = np.arange(ANGLES, dtype=np.float32) * np.float32(2 * np.pi / ANGLES)


REAL = -1
LEAST_VISIBLE = 0.05  # of the brightness of the wall's surface
LARGEST_BLUR_MM = 0.03  # of a console that shows a frame smaller than it was recorded


@dataclass(frozen=True)
class Views:
    """Views of many frames; every array's first axis is the view.

    Attributes:
        grey: uint8 (views, ANGLES, DEPTHS). labels: uint8 of the same shape, the truth.
        catheter_mm: float16 of the same shape.
        source: int8 (views,), number of the folder of phantoms that a view comes from, ``REAL`` for a real frame.
    """

    grey: np.ndarray
    labels: np.ndarray
    catheter_mm: np.ndarray
    source: np.ndarray

    def __len__(self) -> int:
        return len(self.grey)

    def at(self, chosen: np.ndarray) -> Views:
        """The views that an index or a mask chooses."""
        return Views(self.grey[chosen], self.labels[chosen], self.catheter_mm[chosen], self.source[chosen])

    def of(self, source: int) -> Views:
        """The views of one source."""
        return self.at(self.source == source)


def training_and_validation_views(
    folders: Sequence[Path], copies: int = 1, processes: int = 1, seed: int = 0
) -> tuple[Views, Views]:
    """Views of the phantom patients of data folders: to train on, a little uncertain, and to validate on, exact.

    Args:
        copies: views of each frame to learn from. processes: how many of them sample the views.

    Raises:
        InputError: a folder has nobody to learn from, or nobody to validate on.
    """
    training_views, validation_views = [], []
    for source, folder in enumerate(folders):
        patients = load_patients(folder)
        learnt, validation = ([each.number for each in patients if is_validation(each) == kind] for kind in (False, True))
        if not learnt or not validation:
            raise InputError(
                f"{folder} must hold patients to learn from and some to validate on: those for validation in its split.csv, else "
                "those whose number ends in 0; draw or import more."
            )
        training_views.append(visible_calcium(_views_of_patients(folder, learnt, False, seed, copies, source, processes)))
        validation_views.append(_views_of_patients(folder, validation, True, seed, 0, source, processes))
    return joined(*training_views), joined(*validation_views)


def _views_of_patients(
    folder: Path, numbers: Sequence[int], validation: bool, seed: int, copies: int, source: int, processes: int
) -> Views:
    of_patient = partial(_views_of_patient, folder, validation, seed, copies, source)
    return joined(*in_processes(of_patient, numbers, processes=processes))


def _views_of_patient(folder: Path, validation: bool, seed: int, copies: int, source: int, number: int) -> Views:
    patients = [each for each in load_patients(folder) if each.number == number and is_validation(each) == validation]
    return phantom_views(patients, np.random.default_rng([seed, number]), copies, source)


def phantom_views(patients: Iterable[Patient], random: np.random.Generator, copies: int, source: int = 0) -> Views:
    """Views of every frame of patients whose truth is known, about lumens and at pixel sizes as uncertain as a first step's.

    Args:
        copies: views of each frame; without any uncertainty where it is 0 (one view of each frame then).
    """
    found = []
    for patient in patients:
        for grey, truth in zip(*(np.asarray(pixels) for pixels in patient.pixels), strict=True):
            found += _views(grey, np.where(truth == CALCIUM, BACKGROUND, truth), truth, patient.spacing_mm[0], random, copies)
    return _stacked(found, source)


def real_views(frames: np.ndarray, labels: np.ndarray, pixel_mm: float, random: np.random.Generator, copies: int) -> Views:
    """Views of real frames that hold no calcium, uint8 (frames, rows, columns), with the first step's lumen and guidewire.

    Half of the copies are blurred as a smaller picture would be.
    """
    found = []
    for grey, label in zip(frames, labels, strict=True):
        clean = np.where(label == CALCIUM, BACKGROUND, label)
        for copy in range(copies):
            width = random.uniform(0, LARGEST_BLUR_MM) / pixel_mm if copy % 2 else 0
            shown = np.where(grey >= 1, np.maximum(gaussian_filter(grey.astype(np.float32), width), 1), 0) if width else grey
            found += _views(shown, clean, clean, pixel_mm, random, 1)
    return _stacked(found, REAL)


def _views(
    grey: np.ndarray, labels: np.ndarray, truth: np.ndarray, pixel_mm: float, random: np.random.Generator, copies: int
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    exact = copies == 0
    for _ in range(max(copies, 1)):
        view = polar_view(labels.astype(np.uint8), pixel_mm if exact else pixel_mm * np.exp(random.normal(0, 0.15)))
        if view is None:
            return
        if not exact:
            view = _shaken(view, random)
        rows, columns = (np.rint(place).astype(int) for place in view.places)
        inside = (rows >= 0) & (rows < truth.shape[0]) & (columns >= 0) & (columns < truth.shape[1])
        true = np.where(inside, truth[np.where(inside, rows, 0), np.where(inside, columns, 0)], BACKGROUND)
        yield np.rint(view.sampled(grey)).astype(np.uint8), true.astype(np.uint8), distance_to_catheter_mm(view).astype(np.float16)


def _shaken(view: PolarView, random: np.random.Generator) -> PolarView:
    """A view whose lumen border was found a little wrong."""
    wave = gaussian_filter1d(random.standard_normal(ANGLES), random.uniform(2, 10), mode="wrap")
    error = random.uniform(0, 0.04) * wave / wave.std() + random.normal(0, 0.02)
    return replace(view, border_mm=np.maximum(view.border_mm + error, 0.2).astype(np.float32))


def _stacked(found: list[tuple[np.ndarray, np.ndarray, np.ndarray]], source: int) -> Views:
    if not found:  # no frame has a lumen
        nothing = np.empty((0, ANGLES, DEPTHS))
        return Views(nothing.astype(np.uint8), nothing.astype(np.uint8), nothing.astype(np.float16), np.empty(0, np.int8))
    grey, labels, catheter = (np.stack(arrays) for arrays in zip(*found, strict=True))
    return Views(grey, labels, catheter, np.full(len(grey), source, np.int8))


def visible_calcium(views: Views) -> Views:
    """The views without those whose calcium looks like the wall beside it at the same depth: no reader would mark it."""
    kept = [index for index in range(len(views)) if _visibility(*_seen(views, index)) >= LEAST_VISIBLE]
    return views.at(np.array(kept, int))


def _seen(views: Views, index: int) -> tuple[np.ndarray, np.ndarray]:
    labels = views.labels[index]
    grey, catheter_mm = views.grey[index].astype(np.float32), views.catheter_mm[index].astype(np.float32)
    return channels(grey, labels == GUIDEWIRE, labels == LUMEN, catheter_mm), labels == CALCIUM


def _visibility(image: np.ndarray, calcium: np.ndarray) -> float:
    """Mean difference of scaled grey between calcium and the rest of the wall at the same depth; large where there is no rest."""
    rest = ~calcium & (image[CHANNELS.index("hidden")] == 0)
    differences, weights = [], []
    for depth in np.flatnonzero((calcium.sum(axis=0) >= 4) & (rest.sum(axis=0) >= 8)):
        column = image[0, :, depth]
        differences.append(abs(np.median(column[calcium[:, depth]]) - np.median(column[rest[:, depth]])))
        weights.append(calcium[:, depth].sum())
    return float(np.average(differences, weights=weights)) if differences else 1.0


def joined(*parts: Views) -> Views:
    """All views of several sets in one."""
    return Views(*(np.concatenate([getattr(part, name) for part in parts]) for name in ("grey", "labels", "catheter_mm", "source")))


def save_views(file: Path, views: Views) -> None:
    """Write views into a compressed ``.npz``."""
    np.savez_compressed(file, **vars(views))


def load_views(file: Path) -> Views:
    """Read what ``save_views`` wrote."""
    with np.load(file) as arrays:
        return Views(*(arrays[name] for name in ("grey", "labels", "catheter_mm", "source")))

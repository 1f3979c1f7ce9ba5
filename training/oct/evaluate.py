"""How good a model is: figures in the source study's form, and how well its measurements agree with the truth's.

Phantom figures come from phantom patients that no training saw; figures on real frames are kept apart from them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from LesionReadingLib.errors import InputError
from LesionReadingLib.geometry.grid import even_grid
from LesionReadingLib.geometry.spacing import Spacing
from LesionReadingLib.model.bundle import Bundle
from OCTCalciumLib.labels import BACKGROUND, LUMEN, NAMES
from OCTCalciumLib.measurement.pullback import CONTINUOUS_ARC_DEG, PullbackMeasurement, measure_frame, measure_pullback
from OCTCalciumLib.model.inference import segment
from OCTCalciumLib.reading.pullback import Pullback
from OCTCalciumLib.reading.read import open_pullback
from OCTCalciumLib.vessel.lumen import close_lumen
from PIL import Image

from ..files import read_picture
from ..reporting.scores import bootstrapped
from ..wording import how_many
from .data import Patient
from .second_step.coverage import Ranges, range_coverage

FALSE_CALCIUM_DEG = 30.0
FOUND_WIRE_DEG = 5.0


def evaluate(bundle: Bundle, patients: Iterable[Patient], device: str, shifted: bool, wide: bool = False) -> dict[str, Any]:
    """Compare a model with the truth of phantom patients; every frame of each pullback must be there.

    Returns:
        What ``tables.phantom_tables`` prints: confusion matrix (truth by row, found by column, pixels), per class
        accuracy (which is recall) and IoU over all pixels, with and without the lumen as a class of its own, and the agreement of
        arcs (degrees), thickness (mm), lumen area (mm2), volume (percent) and frames of 180 degrees or more; how often the model's
        ranges hold the truth.
    """
    results = [replace(compared(bundle, patient, device), labels=None) for patient in patients]
    return {"shifted": shifted, "wide": wide, **figures_of(results, [str(one.number) for one in results])}


@dataclass(frozen=True, eq=False)
class Compared:
    """A patient's truth and what a model found.

    Attributes:
        number: the patient's. confusion: int64 (4, 4), see ``confusion_matrix``. truth, found: what is measured on either.
        ranges: what the model gives of them. labels: uint8 (frames, size, size), the model's; None where they were let go.
    """

    number: int
    confusion: np.ndarray
    truth: PullbackMeasurement
    found: PullbackMeasurement
    ranges: Ranges | None
    labels: np.ndarray | None


def compared(bundle: Bundle, patient: Patient, device: str) -> Compared:
    """Let a model read a patient's frames, and measure its labels as the true ones."""
    truth = np.asarray(patient.pixels[1])
    source = "training folder"
    spacing = Spacing(*patient.spacing_mm, source, source)
    found = segment(_pullback(patient, spacing), bundle, device, lambda done, total: None)
    measured = measure_pullback(truth, spacing), measure_pullback(found.labels, spacing)
    return Compared(patient.number, confusion_matrix(truth, found.labels), *measured, found.ranges, found.labels)


def figures_of(results: Sequence[Compared], patients: Sequence[str]) -> dict[str, Any]:
    """The figures of ``evaluate``, but for the kind of phantoms. ``patients``: whose each result is."""
    confusion = sum((one.confusion for one in results), np.zeros((len(NAMES), len(NAMES)), np.int64))
    pairs = [(one.truth, one.found) for one in results]
    return {
        "patients": [one.number for one in results],
        "frames": sum(len(truth.frames) for truth, _ in pairs),
        "confusion": confusion.tolist(),
        "four_classes": class_figures(confusion, NAMES),
        "three_classes": class_figures(without_lumen(confusion), NAMES[:LUMEN]),
        "iou_intervals": iou_intervals(results, patients),
        "agreement": agreement(pairs),
        "ranges": range_coverage([(one.truth, one.found, one.ranges) for one in results]),
    }


def iou_intervals(results: Sequence[Compared], patients: Sequence[str]) -> dict[str, tuple[float | None, float | None]]:
    """95 % intervals of the IoU of each of the three classes, over resampled patients."""
    counts = np.array([without_lumen(one.confusion) for one in results])

    def interval(name: str) -> tuple[float | None, float | None]:
        def iou(some: np.ndarray, _: np.ndarray) -> float | None:
            return class_figures(some.sum(0), NAMES[:LUMEN])[name]["iou"]

        found = bootstrapped(iou, counts, counts, np.array(patients))
        return found.low, found.high

    return {name: interval(name) for name in NAMES[:LUMEN]}


def confusion_matrix(truth: np.ndarray, found: np.ndarray) -> np.ndarray:
    """Count pixels by (true class, found class), int64 (4, 4), of two label maps of the same shape."""
    classes = len(NAMES)
    counts = np.zeros(classes * classes, np.int64)
    for true_frame, found_frame in zip(truth, found, strict=True):
        counts += np.bincount((true_frame * np.uint8(classes) + found_frame).ravel(), minlength=classes * classes)
    return counts.reshape(classes, classes)


def without_lumen(confusion: np.ndarray) -> np.ndarray:
    """The confusion matrix with the lumen counted as background, as in the source study."""
    merged = confusion.copy()
    merged[BACKGROUND] += merged[LUMEN]
    merged[:, BACKGROUND] += merged[:, LUMEN]
    return merged[:LUMEN, :LUMEN]


def class_figures(confusion: np.ndarray, names: Sequence[str]) -> dict[str, dict[str, float | None]]:
    """Accuracy (recall) and IoU of each class; None where the class is neither true nor found."""
    both, true, found = np.diag(confusion), confusion.sum(axis=1), confusion.sum(axis=0)
    return {
        name: {"accuracy": _ratio(both[k], true[k]), "iou": _ratio(both[k], true[k] + found[k] - both[k])}
        for k, name in enumerate(names)
    }


def agreement(pairs: Sequence[tuple[PullbackMeasurement, PullbackMeasurement]]) -> dict[str, Any]:
    """How pullbacks measured on the model's labels differ from those measured on the truth; differences are found minus true."""
    frames = [both for truth, found in pairs for both in zip(truth.frames, found.frames, strict=True)]
    with_calcium = [(true, found) for true, found in frames if true.deposits or found.deposits]
    in_both = [(true, found) for true, found in frames if true.deposits and found.deposits]
    lumens = [(true, found) for true, found in frames if true.lumen_area_mm2 and found.lumen_area_mm2]
    over = np.array([[frame.arc_bridged_deg >= CONTINUOUS_ARC_DEG for frame in both] for both in frames], bool).reshape(-1, 2)
    hits = int((over[:, 0] & over[:, 1]).sum())
    known = [(truth, found) for truth, found in pairs if truth.volume_mm3 is not None]
    volumes = [(found.volume_mm3 / truth.volume_mm3 - 1) * 100 for truth, found in pairs if truth.volume_mm3]
    return {
        "bridged_arc_deg": _differences([found.arc_bridged_deg - true.arc_bridged_deg for true, found in with_calcium]),
        "max_thickness_mm": _differences([found.max_thickness_mm - true.max_thickness_mm for true, found in in_both]),
        "lumen_area_mm2": _differences([found.lumen_area_mm2 - true.lumen_area_mm2 for true, found in lumens]),
        "volume_error_percent": volumes,
        "true_volumes_mm3": [truth.volume_mm3 for truth, _ in known],
        "found_volumes_mm3": [found.volume_mm3 for _, found in known],
        "frames_over_180": {
            "true": int(over[:, 0].sum()),
            "found": int(over[:, 1].sum()),
            "f1": _ratio(2 * hits, int(over.sum())),
        },
    }


def evaluate_frames(bundle: Bundle, images: Path, masks: Path, device: str, pixel_mm: float | None = None) -> dict[str, Any]:
    """Judge a model on real frames whose lumen was drawn by hand and which hold no calcium, with the guidewire in every frame.

    Args:
        images: folder of pictures, one per frame; masks: folder with a mask of the same name (any ending) for each, the lumen
            being what is not 0 in its first channel. pixel_mm: side of a pixel in mm, where the pictures do not say it.

    Returns:
        Pixel size as stated, mean and smallest Dice of the closed lumen, share of frames whose false calcium is larger than 30
        degrees in all, share of frames whose guidewire label is wider than 5 degrees, and the numbers of every frame.
    """
    pullback = open_pullback(images, pixel_mm)
    names = sorted(path.stem for path in images.iterdir() if path.suffix.lower() in Image.registered_extensions())
    if len(names) != pullback.frame_count:
        raise InputError(
            f"{images} gives {how_many(pullback.frame_count, 'frame')} for {how_many(len(names), 'picture')}; "
            "keep nothing else in that folder."
        )
    labels = segment(pullback, bundle, device, lambda done, total: None).labels
    frames = []
    for name, found, truth in zip(names, labels, _lumen_masks(names, masks), strict=True):
        measured = measure_frame(found, replace(pullback.spacing, frame_mm=None), 0)
        lumen = closed_lumen_mask(found)
        dice = 2 * int((lumen & truth).sum()) / max(int(lumen.sum() + truth.sum()), 1)
        wire = int(measured.guidewire.sum())
        frames.append({"name": name, "lumen_dice": dice, "false_calcium_deg": measured.arc_total_deg, "guidewire_deg": wire})
    return {
        "frames": frames,
        "pixel_mm": pixel_mm,
        "lumen_dice": float(np.mean([frame["lumen_dice"] for frame in frames])),
        "smallest_lumen_dice": min(frame["lumen_dice"] for frame in frames),
        "false_calcium_share": float(np.mean([frame["false_calcium_deg"] > FALSE_CALCIUM_DEG for frame in frames])),
        "guidewire_found_share": float(np.mean([frame["guidewire_deg"] > FOUND_WIRE_DEG for frame in frames])),
    }


def closed_lumen_mask(labels: np.ndarray) -> np.ndarray:
    """The lumen label and what of the guidewire label lies inside the lumen's border, booleans (rows, columns)."""
    framed = np.pad(labels, 1)
    mask = framed == LUMEN
    mask[close_lumen(framed, 1.0, 1.0).hidden] = True
    return mask[1:-1, 1:-1]


def _pullback(patient: Patient, spacing: Spacing) -> Pullback:
    frames = patient.pixels[0]
    return Pullback(even_grid(frames.shape, spacing), read=lambda first, stop: (np.asarray(frame) for frame in frames[first:stop]))


def _lumen_masks(names: Sequence[str], masks: Path) -> Iterator[np.ndarray]:
    for name in names:
        found = sorted(masks.glob(f"{name}.*"))
        if not found:
            raise InputError(f"{masks} has no mask for the picture {name}; give every picture a mask of the same name.")
        mask = read_picture(found[0])
        yield (mask if mask.ndim == 2 else mask[..., 0]) > 0


def _differences(values: Sequence[float]) -> dict[str, float | int | None]:
    if not values:
        return {"bias": None, "sd": None, "frames": 0}
    return {"bias": float(np.mean(values)), "sd": float(np.std(values)), "frames": len(values)}


def _ratio(part: int, whole: int) -> float | None:
    return float(part / whole) if whole else None

"""How good a model is on real frames whose calcium was drawn by hand, frame by frame and patient by patient."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
from LesionReadingLib.errors import InputError
from LesionReadingLib.geometry.spacing import Spacing
from LesionReadingLib.model.bundle import Bundle
from OCTCalciumLib.labels import BACKGROUND, CALCIUM
from OCTCalciumLib.measurement.pullback import measure_frame
from OCTCalciumLib.model.inference import segment
from OCTCalciumLib.reading.pullback import Pullback
from OCTCalciumLib.reading.read import open_pullback
from OCTCalciumLib.wall.calcium_range import CalciumRange
from PIL import Image

from ...files import read_picture
from ...reporting.markdown import markdown_table
from ..evaluate import FALSE_CALCIUM_DEG

MASK_ENDING = "_calcium"
CLOSE_ARC_DEG = 30.0


def evaluate_real(
    bundle: Bundle, images: Path, masks: Path, device: str, pixel_mm: float | None = None, pullbacks: bool = False
) -> dict[str, Any]:
    """Judge a model on real frames with hand-drawn calcium; each frame is read and segmented alone.

    Args:
        images: folder of pictures ``PATIENT_NUMBER.png``, all of one patient having the same name up to the last underscore.
        masks: folder (it may be the same) with ``PATIENT_NUMBER_calcium.png`` for each picture, calcium being what is not 0; an
            empty mask says that the frame holds none.
        pixel_mm: side of a pixel in mm where the pictures do not say it.
        pullbacks: the frames of a patient follow each other at an unknown distance, in the order of their names.

    Returns:
        Of every frame Dice of calcium, the true and the found bridged arc (degrees, both about the found lumen) and the range that
        the model gives for it; per patient and in all the mean Dice of frames with calcium, how many of those have an arc within 30
        degrees, how many a true arc within the range, and the share of frames without calcium in which more than 30 degrees were
        found (None where there are no such frames); the pixel size that was stated, and whether frames were read as pullbacks.

    Raises:
        InputError: there is no picture, or a mask is missing or of another size.
    """
    frames = []
    for patient, of_patient in groupby(pictures(images), _patient):
        shown = list(of_patient)
        for together in [shown] if pullbacks else [[picture] for picture in shown]:
            opened = [open_pullback(picture, pixel_mm) for picture in together]
            result = segment(_joined(opened), bundle, device, lambda done, total: None)
            ranges = result.ranges or [None] * len(opened)
            for picture, pullback, found, reach in zip(together, opened, result.labels, ranges, strict=True):
                truth = calcium_mask(picture, masks)
                if truth.shape != found.shape:
                    raise InputError(f"The mask of {picture.name} is not as large as the picture; draw it on the same pixels.")
                figures = frame_figures(found, truth, pullback.spacing)
                frames.append({"name": picture.stem, "patient": patient, **figures, "arc_range_deg": _range_deg(figures, reach)})
    with_calcium = [frame for frame in frames if frame["true_pixels"]]
    without = [frame for frame in frames if not frame["true_pixels"]]
    patients = sorted({frame["patient"] for frame in with_calcium})
    return {
        "frames": frames,
        "pixel_mm": pixel_mm,
        "pullbacks": pullbacks,
        "dice": _mean([frame["dice"] for frame in with_calcium]),
        "patients": {name: _mean([frame["dice"] for frame in with_calcium if frame["patient"] == name]) for name in patients},
        "frames_with_calcium": len(with_calcium),
        "close_arcs": sum(abs(frame["found_arc_deg"] - frame["true_arc_deg"]) <= CLOSE_ARC_DEG for frame in with_calcium),
        "arcs_in_range": _in_range(with_calcium),
        "frames_without_calcium": len(without),
        "false_calcium_share": _mean([frame["found_arc_deg"] > FALSE_CALCIUM_DEG for frame in without]),
    }


def _range_deg(figures: dict[str, float | int], reach: CalciumRange | None) -> list[float] | None:
    """Both ends, the found arc included."""
    if reach is None:
        return None
    return [min(figures["found_arc_deg"], reach.arc_deg[0]), max(figures["found_arc_deg"], reach.arc_deg[1])]


def _in_range(frames: Sequence[dict[str, Any]]) -> dict[str, int] | None:
    known = [frame for frame in frames if frame["arc_range_deg"]]
    held = sum(frame["arc_range_deg"][0] <= frame["true_arc_deg"] <= frame["arc_range_deg"][1] for frame in known)
    return {"held": held, "count": len(known)} if known else None


def _patient(picture: Path) -> str:
    return picture.stem.rpartition("_")[0]


def _joined(single: Sequence[Pullback]) -> Pullback:
    """One pullback of several single frames of one size, at an unknown distance."""
    if any((each.rows, each.columns) != (single[0].rows, single[0].columns) for each in single):
        raise InputError("The frames of a patient differ in size and are no pullback; leave --pullbacks out.")
    frames = [next(iter(each.read(0, 1))) for each in single]
    grid = replace(single[0].grid, shape=(len(frames), *single[0].grid.shape[1:]))
    return replace(single[0], grid=grid, read=lambda first, stop: iter(frames[first:stop]))


def real_table(figures: dict[str, Any]) -> str:
    """Tables of ``evaluate_real``."""
    rows = [
        [
            frame["name"],
            f"{frame['dice']:.2f}" if frame["true_pixels"] else "-",
            f"{frame['true_arc_deg']:.0f}",
            f"{frame['found_arc_deg']:.0f}",
            "{:.0f} to {:.0f}".format(*frame["arc_range_deg"]) if frame.get("arc_range_deg") else "-",
        ]
        for frame in figures["frames"]
    ]
    frames = markdown_table(["real frame", "Dice of calcium", "true arc (degrees)", "found arc (degrees)", "its range"], rows)
    summary = [["frames with calcium", str(figures["frames_with_calcium"])]]
    if figures["frames_with_calcium"]:
        summary += [["mean Dice of calcium", f"{figures['dice']:.3f}"]]
        summary += [[f"mean Dice, patient {name}", f"{dice:.3f}"] for name, dice in figures["patients"].items()]
        summary += [["arcs within 30 degrees", f"{figures['close_arcs']} of {figures['frames_with_calcium']}"]]
    if figures.get("arcs_in_range"):
        summary += [["true arc within the range of the scores", "{held} of {count}".format(**figures["arcs_in_range"])]]
    if figures["frames_without_calcium"]:
        summary += [
            ["frames without calcium", str(figures["frames_without_calcium"])],
            ["of those with more than 30 degrees found", f"{figures['false_calcium_share']:.0%}"],
        ]
    return frames + "\n\n" + markdown_table(["real frames", ""], summary)


def frame_figures(found: np.ndarray, truth: np.ndarray, spacing: Spacing) -> dict[str, float | int]:
    """Dice of calcium, true pixels, and true and found bridged arc (degrees), both about the found lumen.

    Args:
        found: uint8 (rows, columns), a model's labels. truth: where calcium was drawn, booleans of the same shape.
    """
    calcium = found == CALCIUM
    true_labels = np.where(calcium, BACKGROUND, found)
    true_labels[truth & (true_labels == BACKGROUND)] = CALCIUM
    alone = replace(spacing, frame_mm=None)
    return {
        "dice": float(2 * (calcium & truth).sum() / max(calcium.sum() + truth.sum(), 1)),
        "true_pixels": int(truth.sum()),
        "true_arc_deg": measure_frame(true_labels, alone, 0).arc_bridged_deg,
        "found_arc_deg": measure_frame(found, alone, 0).arc_bridged_deg,
    }


def pictures(images: Path) -> list[Path]:
    """The pictures of a folder, by name, without the masks of calcium.

    Raises:
        InputError: there are none.
    """
    kinds = Image.registered_extensions()
    found = sorted(path for path in images.iterdir() if path.suffix.lower() in kinds and not path.stem.endswith(MASK_ENDING))
    if not found:
        raise InputError(f"{images} holds no pictures; name the folder with the frames.")
    return found


def calcium_mask(picture: Path, masks: Path) -> np.ndarray:
    """Where a picture's calcium was drawn, booleans (rows, columns).

    Raises:
        InputError: there is no mask of that name.
    """
    found = sorted(masks.glob(f"{picture.stem}{MASK_ENDING}.*"))
    if not found:
        raise InputError(
            f"{masks} has no {picture.stem}{MASK_ENDING}.png; give every picture a mask, an empty one where there is no calcium."
        )
    mask = read_picture(found[0])
    return (mask if mask.ndim == 2 else mask[..., 0]) > 0


def _mean(values: list) -> float | None:
    return float(np.mean(values)) if values else None

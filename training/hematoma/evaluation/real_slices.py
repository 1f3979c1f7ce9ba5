"""Real slices as 8-bit pictures with masks of blood: what a bundle finds on each, by hand and never learnt from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from HematomaMarkersLib.labels import BACKGROUND, HEMATOMA, INTRAVENTRICULAR
from HematomaMarkersLib.model.prediction import predict
from HematomaMarkersLib.reading.scan import Scan
from LesionReadingLib.errors import InputError
from LesionReadingLib.geometry.grid import even_grid
from LesionReadingLib.geometry.spacing import Spacing
from LesionReadingLib.masks import filled, largest_piece
from LesionReadingLib.model.bundle import Bundle
from scipy import ndimage

from ...files import read_picture
from ...reporting.markdown import markdown_table
from ...wording import how_many
from ..slices import WINDOW_HU
from .finding import FOUND_SHARE

SKULL_WIDTH_MM = 148.0
"""Of an adult's head at its widest, bone to bone: from it follows the size of a pixel, which no picture tells."""
SLICE_MM = 5.0
_BONE_GREY = 200
_PIXELS_MM = (0.34, 0.5)


@dataclass(frozen=True)
class SliceResult:
    """What was found on a slice; areas in cm2, of any kind of blood against the mask.

    Attributes:
        name: of the picture. true, found, both: all blood. hematoma, ventricles, outside: found, by kind; outside None where the
            bundle was not taught to see it. problem: why it could not be read, else None.
    """

    name: str
    true: float
    found: float = 0.0
    both: float = 0.0
    hematoma: float = 0.0
    ventricles: float = 0.0
    outside: float | None = None
    problem: str | None = None

    @property
    def dice(self) -> float:
        """1 where neither shows any."""
        return 2 * self.both / (self.true + self.found) if self.true + self.found else 1.0


def evaluate_slices(bundle: Bundle, images: Path, masks: Path, window: tuple[float, float], device: str) -> Iterator[SliceResult]:
    """Read every picture of a folder by itself.

    Args:
        masks: folder of ``NAME.png``, where anything but black is blood; none there: no blood. window: HU of grey 0 and 255.

    Raises:
        InputError: a picture or a mask cannot be read, a mask is of another size than its picture, or the window ends below its
            beginning.
    """
    low, high = window
    if not low < high:
        raise InputError(f"--window is {low:g} {high:g}; give the HU of black, then those of white, which are more.")
    for file in sorted(images.iterdir()):
        grey = read_picture(file, "L").astype(np.float32)
        mask_file = masks / f"{file.stem}.png"
        true = read_picture(mask_file, "L") > 40 if mask_file.exists() else np.zeros(grey.shape, bool)
        if true.shape != grey.shape:
            raise InputError(f"{mask_file} has another size than {file}; give masks of the pictures' size.")
        yield _slice_result(file.stem, bundle, grey, true, window, device)


def slices_table(results: Sequence[SliceResult]) -> str:
    """Every slice, and how many of those with blood show some of it."""
    rows = [
        [
            one.name,
            f"{one.true:.1f}",
            *([one.problem, "", "", "", ""] if one.problem else _cells(one)),
        ]
        for one in results
    ]
    read = [one for one in results if one.problem is None]
    bleeding = [one for one in read if one.true]
    seen = sum(one.both >= FOUND_SHARE * one.true for one in bleeding)
    false = sum(one.found - one.both for one in read) / max(len(read), 1)
    dice = np.mean([one.dice for one in bleeding]) if bleeding else float("nan")
    summary = (
        f"{len(read)} of {how_many(len(results), 'slice')} could be read. Blood is seen on {seen} of {len(bleeding)} with some; "
        f"mean Dice {dice:.3f}; false blood {false:.2f} cm2 a slice."
    )
    return (
        markdown_table(["slice", "true (cm2)", "hematoma", "ventricles", "outside", "on the truth", "Dice"], rows)
        + "\n\n"
        + summary
    )


def pixel_mm(grey: np.ndarray) -> float:
    """The size of a pixel, by the width of the largest bright ring with what it encloses."""
    ring = largest_piece(ndimage.binary_opening(filled(grey > _BONE_GREY), iterations=8))
    if not ring.any():
        return sum(_PIXELS_MM) / 2
    columns = np.flatnonzero(ring.any(axis=0))
    return float(np.clip(SKULL_WIDTH_MM / max(np.ptp(columns), 1), *_PIXELS_MM))


def _slice_result(
    name: str, bundle: Bundle, grey: np.ndarray, true: np.ndarray, window: tuple[float, float], device: str
) -> SliceResult:
    size = pixel_mm(grey)
    hounsfield = np.rint(window[0] + grey / 255 * (window[1] - window[0])).astype(np.int16)
    grid = even_grid((1, *grey.shape), Spacing(size, size, SLICE_MM))
    cm2 = size**2 / 100
    try:
        segmentation, network = predict(Scan(hounsfield[None], grid), bundle, device, WINDOW_HU, lambda done, total: None)
    except InputError as error:
        return SliceResult(name, true.sum() * cm2, problem=str(error).split(";")[0])
    labels, outside = segmentation.labels[0], segmentation.outside_brain[0]
    found = (labels != BACKGROUND) | outside
    return SliceResult(
        name,
        true.sum() * cm2,
        found.sum() * cm2,
        (found & true).sum() * cm2,
        (labels == HEMATOMA).sum() * cm2,
        (labels == INTRAVENTRICULAR).sum() * cm2,
        outside.sum() * cm2 if network.outside else None,
    )


def _cells(one: SliceResult) -> list[str]:
    outside = "-" if one.outside is None else f"{one.outside:.1f}"
    return [f"{one.hematoma:.1f}", f"{one.ventricles:.1f}", outside, f"{one.both:.1f}", f"{one.dice:.2f}"]

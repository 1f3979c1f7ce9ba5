"""From stored values to 8-bit grey, by the window that a file states or, where it states none, by what its frames hold."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..errors import InputError
from ..language import _
from .dicom.files import functional_group

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

# Without a window: so much of the darkest and brightest pixels may saturate (percent), so that one stray pixel cannot dim all.
DARKEST_PERCENT, BRIGHTEST_PERCENT = 0.1, 99.95


def grey_of(header: Dataset, samples: Sequence[np.ndarray]) -> tuple[Callable[[np.ndarray], np.ndarray], str | None]:
    """How to turn this image's stored values into uint8 grey, the same way for every frame; bright is strong signal.

    Rescale and VOI window (PS3.3 C.11.1, C.11.2.1.2) are applied where stated, 8-bit values are otherwise kept, and deeper ones
    are stretched over the range that the sample frames use. MONOCHROME1 is inverted. Linear A-line intensity
    ((0028,1040) = LIN, PS3.3 C.8.27.4.2) is compressed to decibels first, as OCT is always shown.

    Args:
        header: the data set of the image.
        samples: a few decoded frames of stored values.

    Returns:
        The function, and a sentence for the report where the range was taken from the frames.

    Raises:
        InputError: (also from the function) pixels that are not numbers.
    """
    slope, intercept = _rescale(header)
    logarithmic = header.get("PixelIntensityRelationship") == "LIN"
    inverted = header.get("PhotometricInterpretation") == "MONOCHROME1"
    window = None if logarithmic else _window(header)
    bits, signed = int(header.get("BitsStored", header.BitsAllocated)), int(header.get("PixelRepresentation", 0)) == 1
    integer = all(np.issubdtype(sample.dtype, np.integer) for sample in samples)

    def response(stored: np.ndarray) -> np.ndarray:
        values = stored.astype(np.float32) * np.float32(slope) + np.float32(intercept)
        return np.log1p(np.maximum(values, 0)) if logarithmic else values

    note = None
    if window is None and integer and bits <= 8 and not logarithmic:
        window = tuple(
            sorted(
                float(value)
                for value in response(np.array([-(2 ** (bits - 1)), 2 ** (bits - 1) - 1] if signed else [0, 2**bits - 1]))
            )
        )
    if window is None:
        window = range_of([response(sample) for sample in samples])
        note = _("The file states no grey window; the range of grey was taken from the frames themselves.")
    low, high = window

    def grey(stored: np.ndarray) -> np.ndarray:
        scaled = np.clip((response(stored) - low) * (255.0 / max(high - low, 1e-6)), 0, 255)
        return np.rint(255 - scaled if inverted else scaled).astype(np.uint8)

    if not (integer and bits <= 16):
        return lambda stored: grey(check_numbers(stored)), note
    lowest = -(2 ** (bits - 1)) if signed else 0
    table = grey(np.arange(lowest, lowest + 2**bits))
    if bits == 8 and not signed and np.array_equal(table, np.arange(256)):
        return lambda stored: stored.astype(np.uint8, copy=False), note
    # ``clip`` because unused high bits may hold anything (PS3.5 8.1.1).
    return lambda stored: np.take(table, stored if lowest == 0 else stored.astype(np.int32) - lowest, mode="clip"), note


def range_of(samples: Sequence[np.ndarray]) -> tuple[float, float]:
    """The range of values that sample frames use, without the few strayest pixels."""
    stride = 1 + sum(sample.size for sample in samples) // 2_000_000
    values = np.concatenate([check_numbers(sample).ravel()[::stride] for sample in samples])
    low, high = np.percentile(values, [DARKEST_PERCENT, BRIGHTEST_PERCENT])
    return float(low), float(max(high, low + 1e-6, np.nextafter(low, np.inf)))  # the last for numbers that swallow 1e-6


def check_numbers(values: np.ndarray) -> np.ndarray:
    """The values as they are; InputError where some are not finite."""
    if np.issubdtype(values.dtype, np.floating) and not np.isfinite(values).all():
        raise InputError(_("The image has pixels that are not numbers (NaN or infinite); export it again without them."))
    return values


def _rescale(header: Dataset) -> tuple[float, float]:
    item = functional_group(header, "PixelValueTransformationSequence", 0) or header
    return float(item.get("RescaleSlope") or 1), float(item.get("RescaleIntercept") or 0)


def _window(header: Dataset) -> tuple[float, float] | None:
    """(low, high) of the first window, in rescaled values (PS3.3 C.11.2.1.2.1 LINEAR, C.11.2.1.3.2 LINEAR_EXACT)."""
    item = functional_group(header, "FrameVOILUTSequence", 0) or header
    try:
        centre, width = (float(np.atleast_1d(item[key].value)[0]) for key in ("WindowCenter", "WindowWidth"))
    except (KeyError, TypeError, ValueError, IndexError):
        return None
    if not (np.isfinite([centre, width]).all() and width > 1):
        return None
    if item.get("VOILUTFunction") == "LINEAR_EXACT":
        return centre - width / 2, centre + width / 2
    return centre - width / 2, centre + width / 2 - 1

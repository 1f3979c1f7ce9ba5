"""Whether numbers are HU, and how windowed 8-bit pictures become HU."""

from __future__ import annotations

import numpy as np
from LesionReadingLib.errors import InputError
from LesionReadingLib.language import _

from .scan import AIR_HU

_EIGHT_BITS = 255
_LEAST_RANGE_HU = 60.0
"""A brain alone has a wider range of HU, from its fluid to its blood; normalised values (0 to 1, z-scores) have a narrower one."""

_BACKGROUND = 0.4  # share of zeros from which a picture without negatives may be a brain cut out of its skull
_CUT_OUT_HU = (15.0, 50.0)  # median of such a brain; on 8 bits of any usual window it is brighter
_CLIPPED_HU = 150.0  # no such brain is brighter; bone on 8 bits is


def as_hounsfield(values: np.ndarray, window: tuple[float, float] | None, name: str) -> np.ndarray:
    """Values of an image as int16 HU, not below ``AIR_HU``.

    Numbers with negatives among them are HU already, and so are those of a brain that was cut out and clipped to the HU of tissue.
    Others from 0 to 255 are a windowed picture: ``window`` says which HU 0 and 255 stand for, and what lay outside of it is lost.

    Args:
        values: numbers of any shape.
        window: (HU of 0, HU of 255), as the person stated; not used where the values are HU.
        name: of the file or folder, for the message.

    Raises:
        InputError: neither HU nor a picture with its window, or not numbers at all.
    """
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        values = np.nan_to_num(values, nan=AIR_HU, posinf=np.iinfo(np.int16).max, neginf=AIR_HU)
    low, high = float(values.min()), float(values.max())
    if low < 0 and not _is_normalised(values):
        return _whole(values)
    if high > _EIGHT_BITS:
        raise InputError(
            _(
                "The values of {name} lie between {low:.0f} and {high:.0f}, without the negative ones of air, "
                "and are no HU; give the CT in HU (rescale slope and intercept applied)."
            ).format(name=name, low=low, high=high)
        )
    if low < 0 or _is_normalised(values):
        raise InputError(
            _(
                "The values of {name} lie between {low:.3g} and {high:.3g}, as after normalisation, and are no "
                "HU; give the CT in HU."
            ).format(name=name, low=low, high=high)
        )
    if _is_cut_out(values):
        return _whole(values)
    if window is None:
        raise InputError(
            _(
                "{name} holds pictures of 8 bits (0 to 255), not HU; state the HU of black and white, for example --window 0 80."
            ).format(name=name)
        )
    black, white = window
    if not white > black:
        raise InputError(
            _("The window {black:g} {white:g} has no width; state the HU of black, then of white.").format(black=black, white=white)
        )
    return _whole(black + values.astype(np.float32) * np.float32((white - black) / _EIGHT_BITS))


def _is_normalised(values: np.ndarray) -> bool:
    """Whether the range of values, without a few strays, is narrower than that of HU in any brain."""
    if values.dtype == np.uint8:
        return False
    every = values.ravel()[:: 1 + values.size // 1_000_000]
    low, high = np.percentile(every, [0.01, 99.99])
    return bool(high - low < _LEAST_RANGE_HU)


def _is_cut_out(values: np.ndarray) -> bool:
    """Whether values from 0 to 255 are the HU of a brain alone on a background of zeros."""
    if values.dtype == np.uint8 or values.max() > _CLIPPED_HU:
        return False
    shown = values[values > 0]
    return shown.size < (1 - _BACKGROUND) * values.size and _CUT_OUT_HU[0] <= np.median(shown) <= _CUT_OUT_HU[1]


def _whole(values: np.ndarray) -> np.ndarray:
    if values.dtype == np.int16 and values.min() >= AIR_HU:  # a copy of many slices takes long
        return values
    rounded = np.rint(values) if values.dtype.kind == "f" else values
    return np.clip(rounded, AIR_HU, np.iinfo(np.int16).max).astype(np.int16, copy=False)

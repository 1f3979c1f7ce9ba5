"""Whether numbers are HU, and how windowed 8-bit pictures become HU."""

from __future__ import annotations

import numpy as np
from LesionReadingLib.errors import InputError

from .scan import AIR_HU

_EIGHT_BITS = 255


def as_hounsfield(values: np.ndarray, window: tuple[float, float] | None, name: str) -> np.ndarray:
    """Values of an image as int16 HU, not below ``AIR_HU``.

    Numbers with negatives among them are HU already. Those from 0 to 255 are a windowed picture: ``window`` says which HU 0 and 255
    stand for, and what lay outside of the window is lost.

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
    if low < 0:
        if high - low <= 2:
            raise InputError(f"The values of {name} lie between {low:.3g} and {high:.3g} and are no HU; give the CT in HU.")
        return _whole(values)
    if high > _EIGHT_BITS:
        raise InputError(
            f"The values of {name} lie between {low:.0f} and {high:.0f}, without the negative ones of air, and are no HU; "
            "give the CT in HU (rescale slope and intercept applied)."
        )
    if high <= 1:
        raise InputError(f"The values of {name} lie between {low:.3g} and {high:.3g} and are no HU; give the CT in HU.")
    if window is None:
        raise InputError(
            f"{name} holds pictures of 8 bits (0 to 255), not HU; state the HU of black and white, for example --window 0 80."
        )
    black, white = window
    if not white > black:
        raise InputError(f"The window {black:g} {white:g} has no width; state the HU of black, then of white.")
    return _whole(black + values.astype(np.float32) * np.float32((white - black) / _EIGHT_BITS))


def _whole(values: np.ndarray) -> np.ndarray:
    rounded = np.rint(values) if values.dtype.kind == "f" else values
    return np.clip(rounded, AIR_HU, np.iinfo(np.int16).max).astype(np.int16)

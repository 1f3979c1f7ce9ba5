"""Which bits of a decoded DICOM pixel are its value; nothing else that lies in its word, such as an overlay, gets through.

Sources: DICOM PS3.5 8.1.1 (Bits Stored, High Bit; unused bits may hold anything), PS3.3 C.7.5.1.1.2 (padding).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from pydicom.dataset import Dataset


def stored_values(words: np.ndarray, header: Dataset) -> np.ndarray:
    """The pixel values of decoded words: Bits Stored of them up to High Bit, sign-extended where the words are signed.

    Left-justified values (High Bit above Bits Stored - 1) are moved down, unless the words themselves show that the header is
    wrong: they use the bits below, and none above, what right-justified values would have.

    Args:
        words: decoded pixels of any shape as Bits Allocated has them, signed or not; numbers with fractions come back as they are.
        header: states Bits Stored, High Bit and the padding value, which may lie beyond what the stored bits can hold: such
            pixels become the lowest value.

    Returns:
        an array of the same shape and type.
    """
    if words.dtype.kind not in "iu":
        return words
    allocated = words.dtype.itemsize * 8
    stored = int(header.get("BitsStored") or allocated)
    if not 0 < stored < allocated:
        return words
    above, below = allocated - stored, highest_bit(header, allocated) + 1 - stored
    right_justified = (words << above) >> above
    values = right_justified
    if below:
        holds_below = bool((words & ((1 << below) - 1)).any())
        if not (holds_below and np.array_equal(right_justified, words)):
            values = (words << (above - below)) >> above
    padded = _padded(words, header)
    if padded is not None:
        values[padded & (right_justified != words)] = -(1 << (stored - 1)) if words.dtype.kind == "i" else 0
    return values


def highest_bit(header: Dataset, allocated: int) -> int:
    """High Bit, counted from 0; Bits Stored - 1 where it is not stated or cannot be."""
    stored = int(header.get("BitsStored") or allocated)
    high = header.get("HighBit")
    return int(high) if high is not None and stored - 1 <= int(high) < allocated else stored - 1


def _padded(words: np.ndarray, header: Dataset) -> np.ndarray | None:
    """Where the whole word is a padding value, or lies between that and the padding range limit; None where none is stated."""
    ends = [header.get(keyword) for keyword in ("PixelPaddingValue", "PixelPaddingRangeLimit")]
    ends = [end for end in ends if isinstance(end, int)]
    if not ends:
        return None
    bits, signed = words.dtype.itemsize * 8, words.dtype.kind == "i"
    half = 1 << (bits - 1)
    ends = [(end + half) % (2 * half) - half if signed else end % (2 * half) for end in ends]  # written signed or not
    return (words >= min(ends)) & (words <= max(ends))

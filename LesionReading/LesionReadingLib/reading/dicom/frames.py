"""Frames of an opened DICOM file decoded one by one, as stored values; they become 8-bit grey in ``grey``."""

from __future__ import annotations

import warnings
from collections.abc import Iterator

import numpy as np
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.pixels import apply_color_lut

from ...errors import InputError, is_out_of_memory
from ...language import _
from .decoders import decoder_of
from .files import DicomImage
from .spans import bytes_at, require_coded_size
from .stored_bits import stored_values


def stored_frames(image: DicomImage, first: int, stop: int) -> Iterator[np.ndarray]:
    """Decode frames ``first`` to ``stop - 1``: stored values (rows, columns), or RGB (rows, columns, 3) of 8 bits.

    Raises:
        InputError: a frame cannot be decoded.
    """
    syntax = image.options["decoder"]
    options = {key: value for key, value in image.options.items() if key != "decoder"}
    decoder = decoder_of(syntax)
    palette = _palette(image.header)
    with image.source() as stream:
        for index in range(first, stop):
            data = b"".join(bytes_at(stream, offset, length) for offset, length in image.spans[index])
            if syntax.is_encapsulated:
                require_coded_size(data, options, image.path.name)
                data = encapsulate([data], has_bot=False)
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    frame, facts = decoder.as_array(
                        data, index=0, raw=True, number_of_frames=1, correct_unused_bits=False, **options
                    )
            except Exception as error:
                if is_out_of_memory(error):
                    raise
                # The decoders raise whatever their C libraries tell; all of it means that this frame is damaged.
                raise InputError(
                    _(
                        "Frame {value} of {file} cannot be decoded ({name}); the file may be damaged, export it again or "
                        "send it uncompressed."
                    ).format(value=index + 1, file=image.path.name, name=image.transfer_syntax.name)
                ) from error
            frame = stored_values(frame, image.header)
            if frame.ndim == 3:
                yield _as_rgb(frame, facts["photometric_interpretation"], int(image.header.get("BitsStored") or 8))
            elif palette is not None:
                yield palette[np.minimum(frame, len(palette) - 1)]
            else:
                yield frame


def _palette(header: Dataset) -> np.ndarray | None:
    """(codes, 3) uint8 colours of a PALETTE COLOR image, ``None`` for other images."""
    if header.get("PhotometricInterpretation") != "PALETTE COLOR":
        return None
    if int(header.BitsAllocated) not in (8, 16) or int(header.get("PixelRepresentation", 0)):
        raise InputError(_("The image has palette colours of signed numbers or of more than 16 bits; export it as RGB or grey."))
    codes = np.arange(2 ** int(header.BitsAllocated), dtype=f"uint{header.BitsAllocated}")
    try:
        colours = apply_color_lut(codes, header)
    except Exception as error:
        raise InputError(_("The image has palette colours but its palette cannot be read; export it as RGB or grey.")) from error
    return colours if colours.dtype == np.uint8 else (colours >> 8).astype(np.uint8)


def _as_rgb(frame: np.ndarray, photometric: str, bits_stored: int) -> np.ndarray:
    if frame.dtype != np.uint8:
        frame = (frame >> max(bits_stored - 8, 0)).astype(np.uint8)
    if not photometric.startswith("YBR_FULL"):
        return frame
    from PIL import Image

    # Pillow's full-range YCbCr is DICOM's YBR_FULL (both are JFIF's), and converts twenty times faster than matrix products.
    rows, columns, _rest = frame.shape
    return np.asarray(
        Image.frombuffer("YCbCr", (columns, rows), np.ascontiguousarray(frame).tobytes(), "raw", "YCbCr", 0, 1).convert("RGB")
    )

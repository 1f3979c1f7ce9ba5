"""The pixels of pictures, read without the library that the project reads them with."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
from fuzzing.readers.volumes import Wrong, same


def picture(path: Path) -> np.ndarray | None:
    """The 8-bit pixels (rows, columns[, 3]) of a plain PNG or TIFF; None where it is beyond this reader."""
    content = path.read_bytes()
    try:
        return _png(content) if content[:4] == b"\x89PNG" else _tiff(content)
    except (KeyError, IndexError, ValueError, struct.error, zlib.error):
        return None


def _png(content: bytes) -> np.ndarray | None:
    chunks, place = [], 8
    while place < len(content):
        length, kind = struct.unpack_from(">I4s", content, place)
        chunks.append((kind, content[place + 8 : place + 8 + length]))
        place += length + 12
    columns, rows, bits, colour, *ways = struct.unpack(">IIBBBBB", dict(chunks)[b"IHDR"])
    if bits != 8 or colour not in (0, 2) or any(ways) or {kind for kind, _ in chunks} - {b"IHDR", b"IDAT", b"IEND"}:
        return None
    width = {0: 1, 2: 3}[colour]
    stored = zlib.decompress(b"".join(data for kind, data in chunks if kind == b"IDAT"))
    lines = np.frombuffer(stored, np.uint8).reshape(rows, 1 + columns * width)
    pixels = np.zeros((rows + 1, columns + 1, width), int)  # a row above and a column before, of zeros
    for row, (way, *line) in enumerate(lines.tolist(), 1):
        for column in range(1, columns + 1):
            left, above, corner = pixels[row, column - 1], pixels[row - 1, column], pixels[row - 1, column - 1]
            ends = np.stack([left, above, corner])
            nearest = np.abs(left + above - corner - ends).argmin(axis=0)
            guessed = (0, left, above, (left + above) // 2, np.take_along_axis(ends, nearest[None], 0)[0])[way]
            pixels[row, column] = (np.array(line[(column - 1) * width : column * width]) + guessed) % 256
    found = pixels[1:, 1:].astype(np.uint8)
    return found[..., 0] if width == 1 else found


def _tiff(content: bytes) -> np.ndarray | None:
    order = {b"II*\0": "<", b"MM\0*": ">"}[content[:4]]
    (start,) = struct.unpack_from(order + "I", content, 4)
    (count,) = struct.unpack_from(order + "H", content, start)
    tags = {}
    for place in range(start + 2, start + 2 + 12 * count, 12):
        tag, kind, number = struct.unpack_from(order + "HHI", content, place)
        wide = {3: "H", 4: "I"}[kind]
        inside = number * struct.calcsize(wide) <= 4
        at = place + 8 if inside else struct.unpack_from(order + "I", content, place + 8)[0]
        tags[tag] = struct.unpack_from(f"{order}{number}{wide}", content, at)
    (next_page,) = struct.unpack_from(order + "I", content, start + 2 + 12 * count)
    if next_page or tags.get(259, (1,)) != (1,) or tags.get(284, (1,)) != (1,):  # packed, or colours apart
        return None
    width = tags.get(277, (1,))[0]
    if (tags[262], width) not in (((1,), 1), ((2,), 3)) or tags[258] != (8,) * width or len(tags[273]) != 1:
        return None
    if set(tags) - {256, 257, 258, 259, 262, 273, 277, 278, 279, 284}:
        return None
    rows, columns = tags[257][0], tags[256][0]
    pixels = np.frombuffer(content, np.uint8, rows * columns * width, tags[273][0])
    return pixels.reshape((rows, columns) if width == 1 else (rows, columns, 3))


def by_itk(path: Path) -> np.ndarray | None:
    """The first page of a picture as SimpleITK reads it: (rows, columns[, 3]); None where it cannot, or to other numbers."""
    import SimpleITK as sitk

    try:
        image = sitk.ReadImage(str(path))
    except RuntimeError:
        return None
    if image.GetDimension() != 2 or image.GetNumberOfComponentsPerPixel() not in (1, 3, 4):
        return None
    values = sitk.GetArrayFromImage(image)
    return values if values.ndim == 2 else values[..., :3]


def check_straight(what: str, own: np.ndarray, stored: np.ndarray) -> None:
    """8-bit values are a straight line of the stored ones, as a window or a range makes them, but for what it cuts off.

    Raises:
        Wrong: they are not, or have another shape.
    """
    if own.shape != stored.shape:
        raise Wrong(f"{what} of {own.shape} where {stored.shape} are in the file")
    between = (own > 0) & (own < 255)
    grey, values = own[between].astype(float), stored[between].astype(float)
    if len(np.unique(values)) < 3:
        return
    line = np.polyfit(values - values.mean(), grey, 1)
    away = np.abs(np.polyval(line, values - values.mean()) - grey).max()
    if away > _ROUNDED:
        raise Wrong(f"{what} lie up to {away:.1f} from any straight line of the stored values")


def check_pictures(own: list[np.ndarray], files: list[Path]) -> None:
    """The frames of a folder of pictures of one page each are their pixels, of grey or of three equal colours.

    Raises:
        Wrong: they are not.
    """
    known = [picture(file) for file in files]
    if any(pixels is None for pixels in known):
        if any(file.suffix not in (".png", ".bmp") for file in files):  # no two decoders of JPEG agree to the last bit
            return
        known = [by_itk(file) for file in files]
    for frame, pixels in zip(own, known, strict=True):
        if pixels is None:
            continue
        in_colour = frame.ndim == 3 or pixels.ndim == 3
        frame, pixels = (_in_colour(one) if in_colour else one for one in (frame, pixels))
        if pixels.dtype == np.uint8:
            same("pixels", frame, pixels)
        else:
            check_straight("pixels", frame, pixels)


def _in_colour(frame: np.ndarray) -> np.ndarray:
    return np.repeat(frame[..., None], 3, axis=-1) if frame.ndim == 2 else frame


_ROUNDED = 0.8
"""Of a grey level: rounding to whole ones, and the line's own."""

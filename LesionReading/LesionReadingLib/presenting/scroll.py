"""What a page needs to scroll through frames or slices: pictures as WebP, outlines as paths, charts along them.

A picture is grey, uint8; its outlines are SVG path data in quarters of a pixel of that picture, so that the page draws them sharp
at any size and in any colour.
"""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from itertools import islice
from typing import Any

import numpy as np

from ..process.threads import Threads

MOST_SIDE = 512  # pixels; what is larger is made smaller
MOST_BYTES = 8_000_000  # of all pictures together as text, so that a page of 375 frames stays under 12 MB
UNITS = 4  # of a path, in a pixel
_STEP = 2.5  # pixels between the points of a path
_TRIED = ((512, 70), (512, 50), (448, 45), (384, 40), (320, 35), (256, 30), (192, 25))  # side in pixels, quality of WebP
_SAMPLES = 5
_METHOD = 2  # of WebP, 0 (fast) to 6 (small)
_WEBP_OUT_OF_MEMORY = ("encoding error 1", "encoding error 2")  # VP8_ENC_ERROR_... of libwebp's encode.h, as Pillow words them
_THREADS = 2
_TOGETHER = 32  # frames in memory while they are packed
_BASE64 = 4 / 3


@dataclass(frozen=True)
class Pane:
    """Pictures that are shown side by side with those of other panes.

    Attributes:
        title: above the picture.
        aspect: width over height as shown.
        size: (width, height) in pixels, in which outlines are told.
        pictures: a data URI for each frame; empty where there are only labels.
        outlines: for each frame, path data by the number of the outline in ``Scroll.outlines``.
        heat: for each heat map of ``Scroll.heat``, data URIs by the number of the frame.
        letters: of the left, right, upper and lower border; empty for none.
        unsure: for each frame, path data of the areas where a network is unsure; empty without.
        rings: for each frame, what ``ring_text`` gives, empty where there is none; empty without ``Scroll.ring``.
    """

    title: str
    aspect: float
    size: tuple[int, int]
    pictures: Sequence[str]
    outlines: Sequence[dict[int, str]]
    heat: Sequence[dict[int, str]] = ()
    letters: Sequence[str] = ()
    unsure: Sequence[str] = ()
    rings: Sequence[str] = ()


@dataclass(frozen=True)
class Series:
    """Values by frame in a chart, None where there is none; bars, or a line. ``over`` colours bars from the chart's limit on."""

    name: str
    colour: str
    values: Sequence[float | None]
    bars: bool = False
    over: str = ""


@dataclass(frozen=True)
class Ring:
    """How the ring around a picture is drawn: about its middle, each angle in the colour of its value.

    Attributes:
        name: of its switch. colours: "#rrggbb" from no to full probability. radius: in halves of the picture's shorter side.
    """

    name: str
    colours: Sequence[str]
    radius: float


@dataclass(frozen=True)
class Chart:
    """A chart along the frames. ``highest``: the end of its axis. ``limit``: a line across it; None for none."""

    title: str
    highest: float
    series: Sequence[Series]
    limit: float | None = None


@dataclass(frozen=True)
class Scroll:
    """Everything that the viewer of a page shows.

    Attributes:
        words: singular and plural of "frame" or "slice", by which numbers in the text are found.
        start: index of the frame that is shown first.
        captions: a line for each frame.
        panes: see ``Pane``. charts: see ``Chart``.
        outlines: (name, colour, whether dashed).
        heat: names of the heat maps. ramp: 256 colours as hexadecimal RGBA, one behind the other; empty without heat maps.
        windows: (name, grey value shown black, grey value shown white); the first is chosen.
        unsure: name and colour of the areas where a network is unsure; None without. ring: see ``Ring``; None without.
        map: title and data URI of a picture whose width is the pullback; None for none.
    """

    words: tuple[str, str]
    start: int
    captions: Sequence[str]
    panes: Sequence[Pane]
    outlines: Sequence[tuple[str, str, bool]]
    windows: Sequence[tuple[str, float, float]]
    charts: Sequence[Chart] = ()
    heat: Sequence[str] = ()
    ramp: str = ""
    map: tuple[str, str] | None = None
    unsure: tuple[str, str] | None = None
    ring: Ring | None = None
    units: int = field(default=UNITS, init=False)

    def as_json(self) -> str:
        """JSON that cannot end the ``script`` element that it stands in."""
        content: dict[str, Any] = asdict(self)
        return json.dumps(content, separators=(",", ":"), ensure_ascii=True).replace("<", "\\u003c")


def pictures(
    count: int, read: Callable[[int], np.ndarray], all_frames: Iterable[np.ndarray], most_bytes: int = MOST_BYTES
) -> tuple[list[str], tuple[int, int]]:
    """Every frame as a WebP data URI, as good as the bytes allow.

    Args:
        count: of the frames. read: gives one of them, uint8 (rows, columns); some are tried.
        all_frames: all of them in order.
        most_bytes: for all together, as text.

    Returns:
        the URIs, and (width, height) of each picture in pixels.
    """
    size, quality = _size_and_quality(count, read, most_bytes)
    uris: list[str] = []
    unread = iter(all_frames)
    with Threads(_THREADS) as threads:
        while some := [_resized(frame, size) for frame in islice(unread, _TOGETHER)]:
            uris += threads.map(lambda frame: webp_uri(frame, quality), some)
    return uris, size


def begun_pictures(
    threads: Threads, count: int, read: Callable[[int], np.ndarray], most_bytes: int = MOST_BYTES
) -> Callable[[], tuple[list[str], tuple[int, int]]]:
    """Begin what ``pictures`` does in threads of the caller's; what is given waits for it.

    Args:
        read: as for ``pictures``, of frames in memory: it is called in every thread.
    """
    size, quality = _size_and_quality(count, read, most_bytes)
    begun = [threads.submit(lambda index=index: webp_uri(_resized(read(index), size), quality)) for index in range(count)]
    return lambda: ([one.result() for one in begun], size)


def _size_and_quality(count: int, read: Callable[[int], np.ndarray], most_bytes: int) -> tuple[tuple[int, int], int]:
    """(width, height) of every picture in pixels and quality of WebP, by what some frames take."""
    samples = [read(int(index)) for index in np.unique(np.linspace(0, count - 1, min(count, _SAMPLES)).astype(int))]
    side, quality = _best(samples, most_bytes / count / _BASE64)
    return fitting(samples[0].shape, side), quality


def _best(samples: Sequence[np.ndarray], most_bytes: float) -> tuple[int, int]:
    """The first of ``_TRIED`` at which a picture takes at most so many bytes on average; the last where none does."""
    for side, quality in _TRIED:
        taken = [len(_webp(_resized(frame, fitting(frame.shape, side)), quality)) for frame in samples]
        if np.mean(taken) <= most_bytes:
            break
    return side, quality


def fitting(shape: tuple[int, int], side: int = MOST_SIDE) -> tuple[int, int]:
    """(width, height) of a picture (rows, columns) whose longer side is at most ``side`` pixels."""
    rows, columns = shape
    scale = min(1.0, side / max(rows, columns))
    return max(1, round(columns * scale)), max(1, round(rows * scale))


def small(frame: np.ndarray) -> np.ndarray:
    """A grey picture, uint8 (rows, columns), at the largest size that a page takes."""
    return _resized(frame, fitting(frame.shape))


def _resized(frame: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    from PIL import Image

    if (frame.shape[1], frame.shape[0]) == size:
        return frame
    # Reduced by a whole number first: four times as quick, and grey differs by the rounding of halves.
    return np.asarray(Image.fromarray(frame).resize(size, Image.Resampling.BOX, reducing_gap=1.0))


def webp_uri(frame: np.ndarray, quality: int = 70) -> str:
    """A grey picture, uint8 (rows, columns), as a data URI."""
    return f"data:image/webp;base64,{base64.b64encode(_webp(frame, quality)).decode('ascii')}"


def _webp(frame: np.ndarray, quality: int) -> bytes:
    import PIL._webp  # noqa: F401  (fails in words where memory does not suffice for it; Pillow alone would know no WebP then)
    from PIL import Image

    packed = io.BytesIO()
    try:
        Image.fromarray(np.ascontiguousarray(frame)).save(packed, "WEBP", quality=quality, method=_METHOD)
    except ValueError as error:
        if str(error) in _WEBP_OUT_OF_MEMORY:
            raise MemoryError from error
        raise
    return packed.getvalue()


def png_uri(colours: np.ndarray) -> str:
    """A small picture, uint8 (rows, columns, 3), as a data URI without loss."""
    from PIL import Image

    packed = io.BytesIO()
    Image.fromarray(colours).save(packed, "PNG", optimize=True)
    return f"data:image/png;base64,{base64.b64encode(packed.getvalue()).decode('ascii')}"


def ring_text(values: np.ndarray) -> str:
    """A ring's values for a page, uint8: probability 0 to 1 as 0 to 254, 255 for none; from the right, clockwise."""
    return base64.b64encode(values.tobytes()).decode("ascii")


def outlines(labels: np.ndarray, values: Sequence[int], size: tuple[int, int]) -> dict[int, str]:
    """Path data of labels (rows, columns), by the place of their value in ``values``; what is not there has none.

    Args:
        size: (width, height) of the picture that they are drawn over, in pixels.
    """
    places = zip(size[::-1], labels.shape, strict=True)
    rows, columns = (((np.arange(wanted) + 0.5) * given / wanted).astype(int) for wanted, given in places)
    small, corner = _filled(labels[rows].take(columns, axis=1))
    found = {}
    for number, value in enumerate(values):
        path = "".join(_paths(small == value, corner))
        if path:
            found[number] = path
    return found


def _filled(labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The part of labels (rows, columns) that holds all but zeros, and the column and row where it begins."""
    rows, columns = np.flatnonzero(labels.any(axis=1)), np.flatnonzero(labels.any(axis=0))
    if not rows.size:
        return labels[:0], np.zeros(2)
    return labels[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1], np.array([columns[0], rows[0]])


def _paths(mask: np.ndarray, corner: np.ndarray) -> Iterator[str]:
    """The closed border lines of a mask (rows, columns), half-way between the pixels inside and outside.

    Args:
        corner: column and row of the picture where the mask begins.
    """
    from contourpy import contour_generator

    part, inner = _filled(mask)
    if not part.size:
        return
    padded = np.pad(part, 1).astype(np.float32)
    # A pixel covers from its index to the next one in the picture's own coordinates, so its centre lies half a pixel on.
    for line in contour_generator(z=padded).lines(0.5):
        yield _path(line + corner + inner - 0.5)


def _path(line: np.ndarray) -> str:
    """A closed line (points, 2) of x and y in pixels as relative path data, with a point about every ``_STEP`` pixels."""
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(line, axis=0).T))])
    count = max(4, int(along[-1] / _STEP))
    wanted = np.linspace(0, along[-1], count, endpoint=False)
    points = np.stack([np.interp(wanted, along, line[:, axis]) for axis in (0, 1)], axis=1)
    points = np.rint(points * UNITS).astype(int)
    steps = np.diff(points, axis=0)
    rest = " ".join(map(str, steps[steps.any(axis=1)].ravel().tolist())).replace(" -", "-")
    return f"M{points[0, 0]} {points[0, 1]}l{rest}z" if rest else ""

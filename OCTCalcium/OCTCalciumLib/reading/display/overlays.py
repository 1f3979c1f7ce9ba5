"""What a console draws over the picture, and how it is taken away before a network or a reader of grey levels sees it.

Outside the vessel: watermark, scale bar, longitudinal strip, ticks. They lie beyond the circular field of view, which is found from
what changes between frames, and are blanked. Inside: coloured lines, ticks and markers. Their colours lie off the frame's colour
ramp (grey or sepia), and they are replaced by the median of the tissue around them; so are white ones (``white_marks``).

Colour becomes grey as the distance along the ramp: for a grey ramp that is the grey level, for a sepia ramp the red, for
a black-red-yellow-white ramp the position. It rises along any ramp, so no two intensities become one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from LesionReadingLib.language import _
from LesionReadingLib.masks import large_pieces, with_neighbours
from scipy import ndimage

from ...vessel.field_of_view import LIVE, beyond_circle, field_of_view, longitudinal_strip
from .luma import WEIGHTS, luma
from .white_marks import resting_marks, sharp_marks

_STEP = 4  # width of a level of luma; wider ones would jump where only blue still rises
_FEWEST = 30  # pixels that a level needs
_TURN = 40  # how far the ramp may turn from one level to the next (0 to 255)
# Distance of a colour from the ramp (0 to 255, largest channel). JPEG noise in dark tissue reaches about 15, in bright tissue 30.
_OFF_RAMP_IN_ONE_FRAME = 48
_OFF_RAMP_IN_MOST_FRAMES = 9
_FRAMES_FOR_STATIC = 5
_COLOURED = 40  # difference between channels; JPEG leaves less on grey
_LIGHT = 200  # of all three channels
_MOST_DRAWN = 0.2  # share of the field of view; more is not drawn over but coloured itself
_SMALLEST_MARK = 8  # pixels; less is noise of the compression
_NEIGHBOURHOOD = 3  # pixels each way


@dataclass(frozen=True)
class Overlays:
    """What was found on a few frames, and how to treat all.

    Attributes:
        outside: (rows, columns) bool, beyond the field of view; ``None`` where no circle is there.
        circle: (row, column, radius) of the field of view in pixels, or ``None``.
        drawn: (rows, columns) bool, drawn over in colour in most frames; ``None`` for grey frames.
        resting: (rows, columns) bool, white marks that all frames have; ``None`` without them.
        off_ramp: (32 * 32 * 32) bool, colours that tissue does not have; ``None`` for grey frames.
        grey_of_luma: (256,) uint8, grey level for each luma.
        notes: sentences for the report.
    """

    outside: np.ndarray | None
    circle: tuple[float, float, float] | None
    drawn: np.ndarray | None
    resting: np.ndarray | None
    off_ramp: np.ndarray | None
    grey_of_luma: np.ndarray | None
    notes: tuple[str, ...]


def find_overlays(samples: Sequence[np.ndarray], aspect: float = 1.0) -> Overlays:
    """Learn field of view, colour ramp and static overlays from a few frames spread over the pullback.

    Args:
        samples: uint8 frames, grey (rows, columns) or RGB (rows, columns, 3).
        aspect: height over width of a pixel.
    """
    if any(sample.ndim == 3 for sample in samples):
        samples = [_in_colour(sample) for sample in samples]
    lumas = [luma(sample) for sample in samples]
    circle = field_of_view(lumas, aspect)
    strip = longitudinal_strip(lumas)
    outside = None if circle is None and not strip.any() else strip
    if circle is not None:
        outside = strip | beyond_circle(circle, lumas[0].shape, aspect)
    notes = []
    # A rim of half a pixel is the circle's own edge; a mark is thicker.
    beyond = strip if circle is None else strip | beyond_circle((*circle[:2], circle[2] + 1.5), lumas[0].shape, aspect)
    if any(np.any(luma[beyond] > 3 * LIVE) for luma in lumas):
        notes.append(_("Marks outside the field of view (text, scale bar, longitudinal strip or ticks) were removed."))
    inside = np.ones(lumas[0].shape, bool) if outside is None else ~outside
    coloured = Overlays(outside, circle, None, None, None, None, ())
    if any(_coloured(sample) for sample in samples):
        coloured, more_notes = _colours_drawn_over(samples, lumas, inside, coloured)
        notes += more_notes
    greys = [_grey_without_colours(sample, coloured) for sample in samples]
    resting = resting_marks(greys, circle) & inside
    if resting.any() or any(np.any(sharp_marks(grey, circle) & inside) for grey in greys):
        notes.append(_("White marks drawn over the picture were replaced by the grey around them."))
    return replace(coloured, resting=with_neighbours(with_neighbours(resting)) if resting.any() else None, notes=tuple(notes))


def grey_without_overlays(frame: np.ndarray, overlays: Overlays) -> np.ndarray:
    """One frame as uint8 grey (rows, columns), without what ``find_overlays`` found, nor white marks of its own."""
    grey = _grey_without_colours(frame, overlays)
    marks = sharp_marks(grey, overlays.circle)
    marks = with_neighbours(with_neighbours(marks)) if marks.any() else marks  # the half covered pixels at their edges, too
    if overlays.resting is not None:
        marks = marks | overlays.resting
    if overlays.outside is not None:
        marks = marks & ~overlays.outside
    grey = _filled(grey, marks)
    if overlays.outside is not None:
        grey = grey * ~overlays.outside  # a quarter of the time of np.where
    return grey


def _grey_without_colours(frame: np.ndarray, overlays: Overlays) -> np.ndarray:
    """A frame as grey, with the grey around them in place of coloured drawings."""
    grey = luma(frame)
    if overlays.grey_of_luma is None:
        return grey
    grey = np.take(overlays.grey_of_luma, grey)
    off = np.take(overlays.off_ramp, _colour_index(_in_colour(frame)))
    # The edge of a drawn line is a mixture that may lie near the ramp, so its neighbours go with it.
    covered = with_neighbours(off) | overlays.drawn if off.any() else overlays.drawn
    if overlays.outside is not None:
        covered = covered & ~overlays.outside
    return _filled(grey, covered)


def _colours_drawn_over(
    samples: Sequence[np.ndarray], lumas: Sequence[np.ndarray], inside: np.ndarray, plain: Overlays
) -> tuple[Overlays, list[str]]:
    """``plain`` with the colour ramp of the frames and what lies off it, and sentences for the report."""
    tissue = inside & _changing(lumas)
    ramp, brightest = colour_ramp(np.concatenate([sample[tissue if tissue.any() else inside][::7] for sample in samples]))
    off_ramp = _colours_off(ramp) | _whites_off(ramp[brightest])
    drawn = _drawn(samples, lumas, ramp, brightest) & inside
    share = float(np.mean([np.mean((drawn | off_ramp[_colour_index(sample)])[inside]) for sample in samples]))
    if share > _MOST_DRAWN:
        return plain, [
            _(
                "The colours of the picture do not follow one colour ramp; their brightness was taken as grey "
                "and nothing was removed."
            )
        ]
    more_notes = (
        [
            _(
                "Coloured lines, ticks or markers drawn over the picture ({value:.1f} % of it) were replaced by "
                "the grey around them."
            ).format(value=100 * share)
        ]
        if share > 0
        else []
    )
    return replace(plain, drawn=drawn, off_ramp=off_ramp, grey_of_luma=grey_along(ramp, brightest)), more_notes


def colour_ramp(colours: np.ndarray) -> tuple[np.ndarray, int]:
    """The colour (R, G, B) of tissue at each luma, (256, 3) float32, and the brightest luma that was seen on it.

    It is traced from the luma that most pixels have down to black and up to the brightest. Overlays may outnumber tissue among
    bright colours, so each step only looks at colours near to where the ramp was heading. Beyond the brightest it runs to white.

    Args:
        colours: (n, 3) uint8 colours of pixels in the field of view.
    """
    luma = np.rint(colours @ WEIGHTS).astype(int)
    levels = [colours[luma // _STEP == level].astype(np.float32) for level in range(256 // _STEP)]
    anchor = max(range(1, len(levels)), key=lambda level: len(levels[level]))
    if len(levels[anchor]) < _FEWEST:
        return np.repeat(np.arange(256, dtype=np.float32)[:, np.newaxis], 3, axis=1), 255
    start = _colour_at(levels[anchor], anchor)
    darker = _traced(levels, start, range(anchor, 0, -1))
    brighter = _traced(levels, start, range(anchor, len(levels)))
    ramp = {0.0: np.zeros(3, np.float32)} | darker | brighter
    brightest = int(max(brighter))
    ramp[255.0] = np.full(3, 255, np.float32)
    places = sorted(ramp)
    channels = np.array([ramp[place] for place in places])
    every_luma = np.stack([np.interp(np.arange(256), places, channels[:, channel]) for channel in range(3)], axis=1)
    return every_luma.astype(np.float32), brightest


def _traced(levels: Sequence[np.ndarray], start: np.ndarray, way: range) -> dict[float, np.ndarray]:
    """Luma and colour of the levels along ``way``, each near to where the ones before it were heading; ``start`` is its first."""
    found = {_middle(way[0]): start}
    colour, place, heading = start, _middle(way[0]), start / _middle(way[0])
    for level in way[1:]:
        expected = colour + heading * (_middle(level) - place)
        near = levels[level][np.abs(levels[level] - expected).max(axis=1) < _TURN]
        if len(near) >= _FEWEST:
            heading = (_colour_at(near, level) - colour) / (_middle(level) - place)
            colour, place = _colour_at(near, level), _middle(level)
            found[place] = colour
    return found


def _middle(level: int) -> float:
    return (level + 0.5) * _STEP


def _colour_at(colours: np.ndarray, level: int) -> np.ndarray:
    """The median colour, shifted to the luma of the level's middle."""
    colour = np.median(colours, axis=0)
    return np.clip(colour + _middle(level) - colour @ WEIGHTS, 0, 255).astype(np.float32)


def grey_along(ramp: np.ndarray, brightest: int) -> np.ndarray:
    """(256,) uint8: the distance along the ramp (largest channel's step) for each luma, 255 at most at the brightest luma seen."""
    distance = np.concatenate([[0], np.cumsum(np.abs(np.diff(ramp, axis=0)).max(axis=1))])
    return np.rint(np.minimum(distance * min(1.0, 255 / max(distance[brightest], 1)), 255)).astype(np.uint8)


def _coloured(frame: np.ndarray) -> bool:
    """Whether the frame is more than grey stored as RGB."""
    return frame.ndim == 3 and np.count_nonzero(frame.max(axis=-1) - frame.min(axis=-1) > _COLOURED) >= _SMALLEST_MARK


def _in_colour(frame: np.ndarray) -> np.ndarray:
    """A frame as RGB: some programs store frames without a coloured pixel as grey among the others."""
    return frame if frame.ndim == 3 else np.repeat(frame[..., None], 3, axis=-1)


def _colour_index(frame: np.ndarray) -> np.ndarray:
    """Index of each colour in a table of 32 x 32 x 32 colours."""
    fifths = frame >> 3
    return (fifths[..., 0].astype(np.uint16) << 10) | (fifths[..., 1].astype(np.uint16) << 5) | fifths[..., 2]


def _colours_off(ramp: np.ndarray) -> np.ndarray:
    """(32768,) bool: colours farther from the ramp's colour of the same luma than noise reaches."""
    axis = np.arange(32, dtype=np.float32) * 8 + 4
    colours = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), axis=-1).reshape(-1, 3)
    return np.abs(colours - ramp[np.rint(colours @ WEIGHTS).astype(int)]).max(axis=1) > _OFF_RAMP_IN_ONE_FRAME


def _whites_off(brightest: np.ndarray) -> np.ndarray:
    """(32768,) bool: whites and light greys, where the brightest colour of tissue (R, G, B) is not one of them."""
    axis = np.arange(32) * 8 + 4
    lowest = np.min(np.meshgrid(axis, axis, axis, indexing="ij"), axis=0).ravel()
    return (lowest >= _LIGHT) & (np.ptp(brightest) > _COLOURED)


def _drawn(samples: Sequence[np.ndarray], lumas: Sequence[np.ndarray], ramp: np.ndarray, brightest: int) -> np.ndarray:
    """(rows, columns) bool: pixels whose colour is off the ramp the same way in most frames, faint edges of lines included.

    White marks over sepia lie where the ramp would run on to; they are in all frames brighter than tissue is in any.
    """
    if len(samples) < _FRAMES_FOR_STATIC:
        return np.zeros(lumas[0].shape, bool)
    deviations = np.stack([(sample - ramp[luma]).astype(np.int16) for sample, luma in zip(samples, lumas, strict=True)])
    deviation = np.abs(np.median(deviations, axis=0)).max(axis=-1)
    off = deviation > _OFF_RAMP_IN_MOST_FRAMES
    marks = large_pieces(off, _SMALLEST_MARK, 2)
    marks |= np.min(np.stack(lumas), axis=0) > brightest + 2 * _OFF_RAMP_IN_MOST_FRAMES
    # A mark fades into its surroundings: next to one, half the difference is enough.
    marks |= with_neighbours(marks) & (deviation > _OFF_RAMP_IN_MOST_FRAMES / 2)
    return marks | ndimage.binary_closing(marks, np.ones((3, 3)))


def _changing(lumas: Sequence[np.ndarray]) -> np.ndarray:
    """(rows, columns) bool: pixels that change between frames, as drawn ones do not; all where frames are too few to tell."""
    if len(lumas) < _FRAMES_FOR_STATIC:
        return np.ones(lumas[0].shape, bool)
    return np.ptp(np.stack(lumas), axis=0) > 4 * LIVE


def _filled(grey: np.ndarray, covered: np.ndarray) -> np.ndarray:
    """Covered pixels take the median of the uncovered ones around them, from the rim of each mark inwards."""
    places = np.flatnonzero(covered)
    if not len(places):
        return grey
    reach = _NEIGHBOURHOOD
    padded = np.pad(np.where(covered, np.int16(-1), grey), reach, constant_values=-1)
    width = padded.shape[1]
    places = (places // grey.shape[1] + reach) * width + places % grey.shape[1] + reach
    window = np.arange(-reach, reach + 1)
    around = (window[:, np.newaxis] * width + window).ravel()
    flat, unfilled = padded.ravel(), places
    while len(unfilled):
        near = np.sort(flat[unfilled[:, np.newaxis] + around], axis=1)
        known = np.count_nonzero(near >= 0, axis=1)
        ready = known > 0
        if not ready.any():
            break
        middle = near.shape[1] - 1 - known[ready] // 2
        flat[unfilled[ready]] = near[ready, middle]
        unfilled = unfilled[~ready]
    flat[unfilled] = 0
    return padded[reach:-reach, reach:-reach].astype(np.uint8)

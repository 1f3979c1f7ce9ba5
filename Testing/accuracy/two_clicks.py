"""How well a deposit is found from its two ends, and carried to ten more frames: Dice against the truth of phantoms.

Run by hand: ``PYTHONPATH=LesionReading:OCTCalcium:. python Testing/accuracy/two_clicks.py [--patients 20] [--real FOLDER]``.
The clicks are the middles of a true deposit's first and last ray. ``--real`` judges pictures ``NAME.png`` with hand-drawn calcium
``NAME_calcium.png`` as well, frame by frame, all deposits of a frame marked; no lumen is known there.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from OCTCalciumLib.labels import CALCIUM
from OCTCalciumLib.marking.deposit import Ends, Wall, deposit_mask, marked_deposit, wall_of
from OCTCalciumLib.marking.tracking import carried
from OCTCalciumLib.phantom.pullback import PhantomPullback, draw_pullback
from OCTCalciumLib.reading.read import open_pullback
from OCTCalciumLib.wall.polar_view import ANGLES, DEPTH_MM
from scipy import ndimage

from training.oct.real.frames import calcium_mask, pictures

FRAMES, SIZE = 60, 512
FRAMES_OF_A_PATIENT, CARRIED = 4, 10
LEAST_SAMPLES, LEAST_PIXELS = 100, 250  # of a deposit in a view, and on every frame that it is carried to


def true_deposits(wall: Wall, calcium: np.ndarray) -> Iterator[tuple[Ends, np.ndarray]]:
    """The ends of every true deposit of a frame, as one would click them, and its pixels; booleans (rows, columns) both ways."""
    seen = wall.view.sampled(calcium.astype(np.float32)) > 0.5
    pieces, count = ndimage.label(np.concatenate([seen, seen]))
    done = np.zeros_like(seen)
    # Across the seam a piece is whole only in one of its copies: the largest come first.
    sizes = np.bincount(pieces.ravel(), minlength=count + 1)[1:]
    for number in np.argsort(-sizes) + 1:
        piece = (pieces == number)[:ANGLES] | (pieces == number)[ANGLES:]
        if (piece & done).any() or piece.sum() < LEAST_SAMPLES:
            continue
        done |= piece
        yield _clicked(piece), calcium & wall.view.covered(piece, 0.2)


def marked_dice(wall: Wall, calcium: np.ndarray) -> Iterator[float]:
    """Dice of every deposit of a frame marked by its ends."""
    for ends, truth in true_deposits(wall, calcium):
        yield dice(deposit_mask(wall, marked_deposit(wall, ends)), truth)


def carried_dice(pullback: PhantomPullback) -> Iterator[list[float]]:
    """Dice on each frame that a deposit was carried to, of every deposit that goes on for so long."""
    pieces, _ = ndimage.label(pullback.labels == CALCIUM)
    for number, box in enumerate(ndimage.find_objects(pieces), 1):
        first = (box[0].start + box[0].stop - CARRIED - 1) // 2
        frames = range(first, first + CARRIED + 1)
        if first < box[0].start or min((pieces[frame] == number).sum() for frame in frames) < LEAST_PIXELS:
            continue
        walls = [_wall(pullback, frame) for frame in frames]
        clicked = [ends for ends, _ in true_deposits(walls[0], pieces[first] == number)]
        if len(clicked) != 1:
            continue
        deposit, found = marked_deposit(walls[0], clicked[0]), []
        for before, wall, frame in zip(walls, walls[1:], frames[1:], strict=False):
            deposit = carried(deposit, before, wall)
            found.append(dice(deposit_mask(wall, deposit), pieces[frame] == number))
        yield found


def real_dice(folder: Path, pixel_mm: float) -> Iterator[tuple[str, float]]:
    """Name of every real frame and Dice of all its calcium, each deposit marked by its ends."""
    for picture in pictures(folder):
        pullback, truth = open_pullback(picture, pixel_mm), calcium_mask(picture, folder)
        grey = next(iter(pullback.read(0, 1)))
        wall = wall_of(np.zeros(grey.shape, np.uint8), grey, pixel_mm)
        masks = [deposit_mask(wall, marked_deposit(wall, ends)) for ends, _ in true_deposits(wall, truth)]
        yield picture.stem, dice(np.any(masks, axis=0), truth)


def dice(found: np.ndarray, truth: np.ndarray) -> float:
    """Of two masks."""
    return float(2 * (found & truth).sum() / max(found.sum() + truth.sum(), 1))


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--first", type=int, default=41, help="seed of the first phantom; costs were chosen on 1 to 40")
    parser.add_argument("--patients", type=int, default=20)
    parser.add_argument("--real", type=Path, help="folder with real frames and their hand-drawn calcium")
    parser.add_argument("--pixel-spacing", type=float, default=0.0186, metavar="MM", help="of the real frames")
    args = parser.parse_args()
    labelled, alone, tracked = [], [], []
    for seed in range(args.first, args.first + args.patients):
        pullback = draw_pullback(seed, FRAMES, SIZE, 0.2)
        for frame in range(0, FRAMES, FRAMES // FRAMES_OF_A_PATIENT):
            calcium = pullback.labels[frame] == CALCIUM
            labelled += marked_dice(_wall(pullback, frame), calcium)
            without = wall_of(np.zeros_like(pullback.labels[frame]), pullback.frames[frame], pullback.spacing.row_mm)
            alone += marked_dice(without, calcium)
        tracked += carried_dice(pullback)
    _report("phantoms, two clicks, lumen labelled", labelled, "deposits")
    _report("phantoms, two clicks, nothing labelled", alone, "deposits")
    _report(f"phantoms, carried over {CARRIED} frames", np.ravel(tracked), f"frames of {len(tracked)} deposits")
    if args.real:
        found = dict(real_dice(args.real, args.pixel_spacing))
        print("\n".join(f"  {name}: {value:.2f}" for name, value in found.items()))
        _report("real frames, two clicks for each deposit", list(found.values()), "frames")


def _wall(pullback: PhantomPullback, frame: int) -> Wall:
    return wall_of(pullback.labels[frame], pullback.frames[frame], pullback.spacing.row_mm)


def _clicked(piece: np.ndarray) -> Ends:
    """The ends of samples (ANGLES, DEPTHS): their widest gap lies between the last and the first."""
    rays = np.flatnonzero(piece.any(axis=1))
    after_gap = (int(np.argmax(np.diff(rays, append=rays[0] + ANGLES))) + 1) % rays.size
    begin, end = int(rays[after_gap]), int(rays[after_gap - 1])
    return Ends(begin, end, *(float(DEPTH_MM[0, piece[ray]].mean()) for ray in (begin, end)))


def _report(what: str, values, of: str) -> None:
    print(f"{what}: Dice median {np.median(values):.3f}, mean {np.mean(values):.3f} ({len(values)} {of})")


if __name__ == "__main__":
    main()

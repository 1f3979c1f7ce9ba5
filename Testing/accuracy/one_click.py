"""How well a hematoma is found from one click inside: Dice against the truth of phantom heads, and the longest step in seconds.

Run by hand: ``PYTHONPATH=LesionReading:HematomaMarkers python Testing/accuracy/one_click.py [--first 101] [--heads 30]``. The
click is a point at random, at least 2 mm inside where the hematoma is that wide, on its largest slice.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
from HematomaMarkersLib.labels import HEMATOMA
from HematomaMarkersLib.marking.hematoma import marked_hematoma
from HematomaMarkersLib.phantom.patient import PhantomHead, draw_head
from LesionReadingLib.errors import InputError
from scipy import ndimage

SIZE, INSIDE_MM = 512, 2.0


def click(head: PhantomHead, random: np.random.Generator) -> tuple[int, int, int]:
    """(slice, row, column) of a point inside."""
    hematoma = head.labels == HEMATOMA
    number = int(hematoma.sum(axis=(1, 2)).argmax())
    inside_mm = ndimage.distance_transform_edt(hematoma[number], sampling=(head.grid.row_mm, head.grid.column_mm))
    places = np.argwhere(inside_mm >= min(INSIDE_MM, inside_mm.max()))
    row, column = places[random.integers(len(places))]
    return number, int(row), int(column)


def marked(head: PhantomHead, seed: tuple[int, int, int]) -> tuple[np.ndarray, float]:
    """What was found, and the seconds that the slowest slice took; nothing where the click is refused."""
    found, slowest, begun = np.zeros(head.labels.shape, bool), 0.0, time.perf_counter()
    try:
        for number, region in marked_hematoma(head.hounsfield, head.grid, seed):
            found[number] = region
            slowest, begun = max(slowest, time.perf_counter() - begun), time.perf_counter()
    except InputError:
        pass
    return found, slowest


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--first", type=int, default=101, help="seed of the first phantom; limits were looked at on 1 to 20")
    parser.add_argument("--heads", type=int, default=30)
    args = parser.parse_args()
    values, slowest = [], 0.0
    for seed in range(args.first, args.first + args.heads):
        head = draw_head(seed, SIZE)
        truth = head.labels == HEMATOMA
        if truth.any():
            found, seconds = marked(head, click(head, np.random.default_rng(seed)))
            values.append(2 * (found & truth).sum() / (found.sum() + truth.sum()))
            slowest = max(slowest, seconds)
    quarter = np.percentile(values, 25)
    print(f"phantoms, one click: Dice median {np.median(values):.3f}, mean {np.mean(values):.3f}, first quartile {quarter:.3f}")
    print(f"{len(values)} hematomas, refused {sum(value == 0 for value in values)}; slowest slice {slowest:.2f} s")


if __name__ == "__main__":
    main()

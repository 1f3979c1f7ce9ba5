"""Phantom patients drawn into training folders."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path

import numpy as np
from HematomaMarkersLib.labels import MARKERS
from HematomaMarkersLib.model.preparation.prepare import prepare
from HematomaMarkersLib.model.preparation.steps import NO_STEPS, Steps
from HematomaMarkersLib.phantom.patient import PhantomHead, draw_head
from HematomaMarkersLib.phantom.wide import SIZE, draw_wide_head
from HematomaMarkersLib.reading.scan import Scan
from LesionReadingLib.errors import InputError

from ..drawing import HELD_OUT_SEEDS, draw_missing
from .data import begun_with, patient_file, write_patient

RANGES = ("ordinary", "wide", "mixed")
"""Ranges of phantoms: of a mixed folder two of five patients are ordinary ones, three are of the wide range."""
ORDINARY_OF_FIVE = (1, 3)


def make_data(
    folder: Path,
    seeds: Sequence[int],
    steps: Steps,
    processes: int,
    phantoms: str = "ordinary",
    most_slices: int | None = None,
    unprepared: Path | None = None,
) -> Iterator[int]:
    """Draw phantom patients into ``folder``; those already there are left alone. Yields each seed when it is done.

    Args:
        steps: of the preparation; one folder holds patients prepared in one way.
        phantoms: which range they are of, one of ``RANGES``.
        most_slices: kept of each patient to learn from, half of them with blood where there is as much; None for all.
        unprepared: folder for the same patients without any preparation, of whom each is drawn once for both.

    Raises:
        InputError: a folder holds patients that were prepared in another way.
    """
    if unprepared and unprepared.resolve() == folder.resolve():
        raise InputError(f"{folder} cannot hold patients with and without preparation; choose another folder for --unprepared.")
    folders = {folder: steps} | ({unprepared: NO_STEPS} if unprepared else {})
    for each, wanted in folders.items():
        found = begun_with(each, wanted)
        if found != wanted:
            raise InputError(f"{each} holds patients prepared in another way ({json.dumps(asdict(found))}); choose another folder.")
    draw = partial(_draw_patient, folders, phantoms, most_slices)
    yield from draw_missing(seeds, lambda seed: [patient_file(each, seed) for each in folders], draw, processes)


def phantom_scan(head: PhantomHead) -> Scan:
    """A phantom as the scan that reading would give."""
    return Scan(head.hounsfield, head.grid, gravity=head.gravity)


def draw_of_range(seed: int, phantoms: str) -> PhantomHead:
    """Draw patient ``seed`` of a range: ordinary, wide, or of the mixed one's two parts."""
    wide = phantoms == "wide" or (phantoms == "mixed" and seed % 5 not in ORDINARY_OF_FIVE)
    return draw_wide_head(seed) if wide else draw_head(seed, SIZE if phantoms == "mixed" else 512)


def _draw_patient(folders: Mapping[Path, Steps], phantoms: str, most_slices: int | None, seed: int) -> int:
    head = draw_of_range(seed, phantoms)
    for folder, steps in folders.items():
        _write_phantom(folder, steps, head, most_slices, seed)
    return seed


def _write_phantom(folder: Path, steps: Steps, head: PhantomHead, most_slices: int | None, seed: int) -> None:
    prepared = prepare(phantom_scan(head), steps)
    labels = prepared.labels_from_scan(head.labels)
    is_whole = most_slices is None or seed in HELD_OUT_SEEDS
    kept = slice(None) if is_whole else kept_slices(labels, most_slices, seed)
    arrays = {
        "hounsfield": prepared.hounsfield[kept],
        "labels": labels[kept],
        "slice_markers": head.slice_markers[prepared.slice_order][kept],
        "markers": np.array([head.markers[name] for name in MARKERS]),
    }
    if is_whole:
        arrays |= {"inside": prepared.inside, "extents_mm": prepared.extents_mm}
    # Contusions are hematoma too, and nobody judged their signs.
    facts = {"near_misses": head.near_misses, "location": head.location, "judged": "contusions" not in head.others}
    write_patient(folder, seed, arrays, facts)


def kept_slices(labels: np.ndarray, most: int, seed: int) -> np.ndarray:
    """Numbers of ``most`` slices, ascending: with blood and without, as nearly half and half as there are."""
    rng = np.random.default_rng([seed, 83])
    bleeds = labels.any(axis=(1, 2))
    with_blood, without = (rng.permutation(np.flatnonzero(which)) for which in (bleeds, ~bleeds))
    of_blood = min(len(with_blood), max(most // 2, most - len(without)))
    return np.sort(np.concatenate([with_blood[:of_blood], without[: most - of_blood]]))

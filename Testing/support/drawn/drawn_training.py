"""Small patients to train on, whose hematomas are discs: bright, and in every second patient dark in the middle."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
from HematomaMarkersLib.model.preparation.steps import Steps

from training.hematoma.data import STEPS_FILE


def write_patients(folder: Path, count: int, side: int) -> Path:
    """Write patients from 1000 on of four slices (side, side), the middle two with a disc, but for the last, who has none."""
    (folder / STEPS_FILE).write_text(json.dumps(asdict(Steps(skull_removal=False))))
    random = np.random.default_rng(0)
    rows, columns = np.mgrid[:side, :side]
    last = 1000 + count - 1
    for number in range(1000, 1000 + count):
        labels = np.zeros((4, side, side), np.uint8)
        if number < last:
            row, column = random.integers(20, side - 20, 2)
            labels[1:3] = (rows - row) ** 2 + (columns - column) ** 2 < 12**2
        hounsfield = np.where(labels, 65, 30) + random.normal(0, 3, labels.shape)
        dark = number % 2 == 0 and number < last
        if dark:  # a dark middle: hypodensity
            hounsfield[1:3, (rows - row) ** 2 + (columns - column) ** 2 < 5**2] = 35
        slice_markers = np.zeros((4, 4), bool)
        slice_markers[1:3, 0] = dark
        np.savez(
            folder / f"patient-{number:05d}.npz",
            hounsfield=hounsfield.round().astype(np.int16),
            labels=labels,
            slice_markers=slice_markers,
            markers=slice_markers.any(0),
            facts=json.dumps({"near_misses": [], "location": "putamen" if number < last else None}),
        )
    return folder

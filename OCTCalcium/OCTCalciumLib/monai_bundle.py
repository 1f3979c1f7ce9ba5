"""What the configs of this module's bundles call, so that ``python -m monai.bundle run`` does what the module does."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from LesionReadingLib.bundle import load_bundle
from LesionReadingLib.prediction import load_network
from LesionReadingLib.studies.bundle_evaluation import evaluate_cases
from LesionReadingLib.studies.training_case import TrainingCase

from .labels import NAMES, TASK
from .model.inference import NETWORKS, segment
from .reading.read import open_pullback


def trained_network(bundle_root: str):
    """The bundle's network with its weights, whose checksum is looked at first, ready to predict."""
    return load_network(load_bundle(Path(bundle_root), TASK), NETWORKS)


def infer(source: str, output: str, bundle_root: str, device: str = "auto") -> None:
    """Analyse a pullback as ``oct-calcium analyze`` does; ends the process where that cannot be.

    Args:
        source: whatever ``analyze`` takes. output: folder for label map, measurements, tables, pictures and report.
    """
    from .__main__ import main

    if status := main(["analyze", source, "-o", output, "--model", bundle_root, "--device", device]):
        raise SystemExit(status)


def evaluate(cases: str, output: str, bundle_root: str, device: str = "auto") -> None:
    """Compare the bundle's label maps with those of the cases (*Export for training*) in a folder.

    Writes ``evaluation.json`` into ``output``: Dice of each class in each case, and their means.
    """
    bundle = load_bundle(Path(bundle_root), TASK)

    def found(case: TrainingCase) -> np.ndarray:
        return segment(open_pullback(case.image_file), bundle, device, lambda done, total: None).labels

    evaluate_cases(Path(cases), Path(output), TASK, NAMES, found)

"""What the configs of a bundle call, whatever its task, so that ``python -m monai.bundle run`` does what the module does.

Each Lib's ``monai_bundle`` binds the first arguments; the configs give the others, as text.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from torch import nn

from ..model.bundle import Bundle, load_bundle
from ..model.prediction import load_network
from .bundle_evaluation import evaluate_cases
from .training_case import TrainingCase


def trained_network(task: str, networks: Mapping[str, type[nn.Module]], bundle_root: str) -> nn.Module:
    """The bundle's network with its weights, whose checksum is looked at first, ready to predict."""
    return load_network(load_bundle(Path(bundle_root), task), networks)


def infer(main: Callable[[list[str]], int], source: str, output: str, bundle_root: str, device: str = "auto") -> None:
    """Analyse an input as the module's command ``analyze`` does; ends the process where that cannot be.

    Args:
        main: of the command line.
        source: whatever ``analyze`` takes. output: folder for label map, measurements, tables, pictures and report.
    """
    if status := main(["analyze", source, "-o", output, "--model", bundle_root, "--device", device]):
        raise SystemExit(status)


def evaluate(
    task: str,
    names: Sequence[str],
    label: Callable[[TrainingCase, Bundle, str], np.ndarray],
    cases: str,
    output: str,
    bundle_root: str,
    device: str = "auto",
) -> None:
    """Compare the bundle's label maps with those of the cases (*Export for training*) in a folder.

    Writes ``evaluation.json`` into ``output``: Dice of each class in each case, and their means.

    Args:
        names: of the label values, the first of them background. label: gives the label map of a case by a bundle on a device.
    """
    bundle = load_bundle(Path(bundle_root), task)
    evaluate_cases(Path(cases), Path(output), task, names, lambda case: label(case, bundle, device))

"""A vessel whose arc of calcium is known, and a model that has learnt nothing to judge on it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from LesionReadingLib.model.bundle import write_bundle
from OCTCalciumLib.labels import TASK
from OCTCalciumLib.model.network import DeepLabV3Plus
from safetensors.torch import save


def vessel(calcium_deg: float, wire_deg: float = 0.0, size: int = 256) -> np.ndarray:
    """A lumen of 60 pixels radius, calcium 70 to 100 pixels from its centre from 0 degrees on, a wire from 190 degrees on."""
    rows, columns = np.mgrid[:size, :size] - (size - 1) / 2
    radius, angle = np.hypot(rows, columns), np.degrees(np.arctan2(rows, columns)) % 360
    labels = np.zeros((size, size), np.uint8)
    labels[radius < 60] = 3
    labels[(radius >= 70) & (radius < 100) & (angle < calcium_deg)] = 1
    labels[(radius >= 25) & (radius < 110) & (angle >= 190) & (angle < 190 + wire_deg)] = 2
    return labels


def untrained_oct_model(folder: Path) -> Path:
    """An untrained network as a bundle: what it says is worth nothing, but it says it."""
    torch.manual_seed(0)
    weights = save(DeepLabV3Plus(4, 4).state_dict())
    metadata = {"description": "untrained", "intended_use": "tests", "data_source": "nothing", "training": {}, "references": []}
    metadata |= {"image_classes": "", "label_classes": ""}
    write_bundle(
        folder,
        TASK,
        network_class="DeepLabV3Plus",
        network_arguments={"classes": 4, "width": 4},
        weights=weights,
        metadata=metadata,
        card="",
        licence="licence",
    )
    return folder

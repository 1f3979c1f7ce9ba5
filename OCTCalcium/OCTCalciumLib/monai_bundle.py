"""What the configs of this module's bundles call, so that ``python -m monai.bundle run`` does what the module does."""

from __future__ import annotations

from functools import partial

import numpy as np
from LesionReadingLib.model.bundle import Bundle
from LesionReadingLib.studies import bundle_configs
from LesionReadingLib.studies.training_case import TrainingCase

from .__main__ import main
from .labels import NAMES, TASK
from .model.inference import NETWORKS, segment
from .reading.read import open_pullback


def _label(case: TrainingCase, bundle: Bundle, device: str) -> np.ndarray:
    return segment(open_pullback(case.image_file), bundle, device, lambda done, total: None).labels


trained_network = partial(bundle_configs.trained_network, TASK, NETWORKS)
infer = partial(bundle_configs.infer, main)
evaluate = partial(bundle_configs.evaluate, TASK, NAMES, _label)

"""How alike two sets of hematoma pictures are: a Frechet distance as FID has it, over statistics that texture and shape rest on.

FID's own features come from photographs. Here they are: the area of the mask, mean and deviation of density inside it, its 10th and
90th percentile there, and at four scales the mean absolute Haar detail of density along rows, columns and diagonals inside the mask
and its neighbourhood. Every feature is divided by its deviation among the real pictures.
"""

from __future__ import annotations

import numpy as np
import torch
from HematomaMarkersLib.model.wavelet import WaveletPooling
from torch.nn import functional

FEATURES = "mask area, density inside (mean, deviation, 10th and 90th percentile), Haar detail at 4 scales"
_SCALES = 4


def frechet_distance(real: torch.Tensor, drawn: torch.Tensor) -> float:
    """The distance of two sets of pictures (pictures, 2, side, side) in -1..1; 0 where their statistics are the same.

    Squared distance of the features' means, plus what their covariances differ by: trace(A + B - 2 (A B)^1/2).
    """
    of_real, of_drawn = features(real), features(drawn)
    deviation = of_real.std(0) + 1e-6
    of_real, of_drawn = of_real / deviation, of_drawn / deviation
    covariances = [np.cov(each, rowvar=False) for each in (of_real, of_drawn)]
    # The eigenvalues of a product of two covariances are real and not negative, whatever rounding says.
    roots = np.sqrt(np.maximum(np.linalg.eigvals(covariances[0] @ covariances[1]).real, 0)).sum()
    means = ((of_real.mean(0) - of_drawn.mean(0)) ** 2).sum()
    return float(max(means + sum(np.trace(each) for each in covariances) - 2 * roots, 0.0))


def features(pictures: torch.Tensor) -> np.ndarray:
    """float64 (pictures, features), see ``FEATURES``."""
    pictures = pictures.double().cpu()
    density, mask = pictures[:, :1], (pictures[:, 1:] > 0).double()
    area = mask.sum((1, 2, 3)).clamp(min=1)
    mean = (density * mask).sum((1, 2, 3)) / area
    deviation = (((density - mean[:, None, None, None]) * mask) ** 2).sum((1, 2, 3)).div(area).sqrt()
    found = [mask.mean((1, 2, 3)), mean, deviation, *_percentiles(density, mask)]
    pooling = WaveletPooling("haar")
    near = functional.max_pool2d(mask, 5, 1, 2)
    for _ in range(_SCALES):
        density, *details = pooling(density).chunk(4, dim=1)
        near = functional.max_pool2d(near, 2)
        inside = near.sum((1, 2, 3)).clamp(min=1)
        found += [(detail.abs() * near).sum((1, 2, 3)) / inside for detail in details]
    return torch.stack(found, dim=1).numpy()


def _percentiles(density: torch.Tensor, mask: torch.Tensor) -> list[torch.Tensor]:
    pairs = [one[inside > 0] for one, inside in zip(density, mask, strict=True)]
    known = [values if len(values) else torch.zeros(1, dtype=density.dtype) for values in pairs]
    return [torch.stack([values.quantile(share) for values in known]) for share in (0.1, 0.9)]

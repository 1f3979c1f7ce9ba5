"""Two steps in one model: all labels in the Cartesian frame, then more calcium in the wall unrolled behind that lumen."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from LesionReadingLib.prediction import Predictor, fold_batch_norms
from torch import nn

from .labels import LUMEN
from .network import DeepLabV3Plus
from .polar_network import PolarUNet
from .polar_view import polar_view, sure_deposits, wall_channels, with_calcium
from .preparation import network_input

USUAL_LUMEN_MM = 2.4
"""Diameter that a pullback's lumen is taken to have where nobody knows the size of a pixel (real ones: 1.8 to 2.9 mm)."""

_FRAMES_FOR_SIZE = 9


class TwoStep(nn.Module):
    """A DeepLab v3+ for calcium, guidewire and lumen, and a polar U-Net for the calcium that it misses.

    Args:
        classes, width: of the first step, see ``DeepLabV3Plus``. widths: of the second, see ``PolarUNet``.
        certain, likely, samples: what counts as a deposit of the second, see ``sure_deposits``.
    """

    def __init__(
        self, classes: int, width: int, widths: Sequence[int], certain: float = 0.9, likely: float = 0.15, samples: int = 150
    ) -> None:
        super().__init__()
        self.sureness = (certain, likely, samples)
        self.lumen = DeepLabV3Plus(classes, width)
        self.calcium = PolarUNet(widths)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Give the first step's class scores."""
        return self.lumen(images)


class TwoStepPredictor(Predictor):
    """Both steps on a stream of squares, as ``Predictor``; calcium is found in float32 on every device.

    Args:
        network: in eval mode. device, batch, workers: as for ``Stream``.
        pixel_mm: side of a pixel of the squares in mm; without it there is no second step.
    """

    def __init__(
        self,
        network: TwoStep,
        device: torch.device,
        pixel_mm: float | None,
        batch: int | None = None,
        workers: int | None = None,
    ) -> None:
        super().__init__(network.lumen, network_input, device, batch, workers)
        self.pixel_mm = pixel_mm
        self._sureness = network.sureness
        self._calcium = fold_batch_norms(network.calcium).float().to(device)

    @torch.inference_mode()
    def _predict(self, frames: list[np.ndarray]) -> np.ndarray:
        found = super()._predict(frames)
        if self.pixel_mm is None:
            return found
        views = [polar_view(labels, self.pixel_mm) for labels in found]
        seen = [index for index, view in enumerate(views) if view is not None]
        if not seen:
            return found
        walls = np.stack([wall_channels(views[index], views[index].sampled(frames[index])) for index in seen])
        chance = torch.sigmoid(self._calcium(torch.from_numpy(walls).to(self.device))).cpu().numpy()
        for index, probability in zip(seen, chance, strict=True):
            found[index] = with_calcium(found[index], views[index], sure_deposits(probability, *self._sureness))
        return found


def usual_pixel_mm(network: TwoStep, squares: Sequence[np.ndarray], device: torch.device) -> float | None:
    """Side of a pixel (mm) at which the median lumen of the squares, uint8 (rows, columns), is ``USUAL_LUMEN_MM`` wide.

    Only for finding calcium where no size is known: it is right within a third, and nothing is measured with it. None where no
    square shows a lumen.
    """
    with TwoStepPredictor(network, device, None) as predictor:
        areas = [int(np.count_nonzero(labels == LUMEN)) for labels in predictor.labels(squares)]
    seen = [area for area in areas if area]
    return USUAL_LUMEN_MM / (2 * float(np.sqrt(np.median(seen) / np.pi))) if seen else None


def frames_for_size(frame_count: int) -> list[int]:
    """Numbers of the frames, spread over a pullback, that ``usual_pixel_mm`` is asked about."""
    return sorted({round(place) for place in np.linspace(0, frame_count - 1, min(_FRAMES_FOR_SIZE, frame_count))})

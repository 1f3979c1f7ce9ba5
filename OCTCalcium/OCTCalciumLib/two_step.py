"""Two steps in one model: lumen and guidewire in the Cartesian frame, then calcium in the wall unrolled behind that lumen."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from LesionReadingLib.prediction import Predictor, finite, fold_batch_norms
from torch import nn

from .calcium_range import CalciumRange, calcium_range
from .labels import LUMEN
from .network import DeepLabV3Plus
from .polar_network import PolarUNet
from .polar_view import PolarView, polar_view, sure_deposits, wall_channels, with_calcium, without_calcium
from .preparation import network_input
from .tidying import tidied

USUAL_LUMEN_MM = 2.4
"""Diameter that a pullback's lumen is taken to have where nobody knows the size of a pixel (real ones: 1.8 to 2.9 mm)."""

_FRAMES_FOR_SIZE = 9


class TwoStep(nn.Module):
    """A DeepLab v3+, whose lumen and guidewire are kept, and a polar U-Net for calcium.

    Args:
        classes, width: of the first step, see ``DeepLabV3Plus``. widths: of the second, see ``PolarUNet``.
        certain, likely, samples: what counts as a deposit, see ``sure_deposits``.
        inner, outer: probabilities from which a deposit's samples belong to the low, and any samples to the high end of ranges.
    """

    def __init__(
        self,
        classes: int,
        width: int,
        widths: Sequence[int],
        certain: float = 0.9,
        likely: float = 0.15,
        samples: int = 150,
        inner: float = 0.9,
        outer: float = 0.05,
    ) -> None:
        super().__init__()
        self.sureness = (certain, likely, samples)
        self.ends = (inner, outer)
        self.lumen = DeepLabV3Plus(classes, width)
        self.calcium = PolarUNet(widths)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Give the first step's class scores."""
        return self.lumen(images)


@dataclass(frozen=True, eq=False)
class Answer:
    """What both steps say of a square: labels, uint8 (rows, columns), and how far calcium may reach, if it was looked for."""

    labels: np.ndarray
    range: CalciumRange | None


class TwoStepPredictor(Predictor):
    """Both steps on a stream of squares, as ``Predictor``; calcium is found in float32 on every device.

    Args:
        network: in eval mode. device, batch, workers: as for ``Stream``.
        pixel_mm: side of a pixel of the squares in mm; without it there is no second step, and no calcium.
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
        self._sureness, self._ends = network.sureness, network.ends
        self._calcium = fold_batch_norms(network.calcium).float().to(device)

    def labels(self, frames: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        """Give the label map of each frame in order, without ranges."""
        return (answer.labels for answer in self.results(frames))

    @torch.inference_mode()
    def _predict(self, frames: list[np.ndarray]) -> list[Answer]:
        first = [without_calcium(labels) for labels in super()._predict(frames)]
        views = [self._view(labels) for labels in first]
        seen = [index for index, view in enumerate(views) if view is not None]
        answers = [Answer(labels, None) for labels in first]
        if seen:
            walls = np.stack([wall_channels(views[index], views[index].sampled(frames[index])) for index in seen])
            chance = torch.sigmoid(finite(self._calcium(torch.from_numpy(walls).to(self.device)))).cpu().numpy()
            for index, probability in zip(seen, chance, strict=True):
                answers[index] = self._answer(first[index], views[index], probability)
        return answers

    def _view(self, labels: np.ndarray) -> PolarView | None:
        if self.pixel_mm is None:
            return None
        return polar_view(tidied(labels), self.pixel_mm)  # a speck of lumen would move the border

    def _answer(self, labels: np.ndarray, view: PolarView, probability: np.ndarray) -> Answer:
        deposits = sure_deposits(probability, *self._sureness)
        inner, outer = self._ends
        ends = calcium_range(view, deposits & (probability >= inner), deposits | (probability >= outer))
        return Answer(with_calcium(labels, view, deposits), ends)


def usual_pixel_mm(network: TwoStep, squares: Sequence[np.ndarray], device: torch.device) -> float | None:
    """Side of a pixel (mm) at which the median lumen of the squares, uint8 (rows, columns), is ``USUAL_LUMEN_MM`` wide.

    Only for finding calcium where no size is known: it is right within a third, and nothing is measured with it. None where no
    square shows a lumen.
    """
    with Predictor(network.lumen, network_input, device) as predictor:
        areas = [int(np.count_nonzero(labels == LUMEN)) for labels in predictor.labels(squares)]
    seen = [area for area in areas if area]
    return USUAL_LUMEN_MM / (2 * float(np.sqrt(np.median(seen) / np.pi))) if seen else None


def frames_for_size(frame_count: int) -> list[int]:
    """Numbers of the frames, spread over a pullback, that ``usual_pixel_mm`` is asked about."""
    return sorted({round(place) for place in np.linspace(0, frame_count - 1, min(_FRAMES_FOR_SIZE, frame_count))})

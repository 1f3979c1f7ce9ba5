"""Two steps in one model: lumen and guidewire in the Cartesian frame, then calcium in the wall unrolled behind that lumen."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from LesionReadingLib.model.batch_norms import fold_batch_norms
from LesionReadingLib.model.prediction import Predictor, finite
from scipy.ndimage import gaussian_filter
from torch import nn

from ..labels import LUMEN
from ..wall.calcium_range import CalciumRange, calcium_range
from ..wall.polar_view import PolarView, polar_view, sure_deposits, wall_channels, with_calcium, without_calcium
from ..wall.scores import wall_scores
from .network import DeepLabV3Plus
from .polar_network import PolarUNet
from .post_processing import FARTHEST_NEIGHBOUR_MM, post_processed
from .preparation import network_input

USUAL_LUMEN_MM = 2.4
"""Diameter that a pullback's lumen is taken to have where nobody knows the size of a pixel (real ones: 1.8 to 2.9 mm)."""

NEIGHBOURS = 2
"""Frames before and behind one whose probabilities count as its own: calcium reaches through several frames, speckle does not."""

SEEN = 2
"""Ways in which the second step sees a wall, see ``seen_walls``."""

SOFTENED_SAMPLES = (1.0, 0.8)
"""Standard deviations, over angles and depths, of the Gaussian that softens a view's grain."""

_FRAMES_FOR_SIZE = 9


class TwoStep(nn.Module):
    """A DeepLab v3+, whose lumen and guidewire are kept, and polar U-Nets for calcium.

    Probabilities are averaged before calcium is decided: over a wall as it is and one softened and mirrored, over neighbouring
    frames by the first polar U-Net, and in a frame without neighbours over all of them.

    Args:
        classes, width: of the first step, see ``DeepLabV3Plus``. widths: of each network of the second, see ``PolarUNet``.
        members: how many networks the second step has.
        certain, likely, samples: what counts as a deposit, see ``sure_deposits``.
        certain_alone, likely_alone: in their place in a frame without neighbours; the same by default.
        inner, outer: probabilities from which a deposit's samples belong to the low, and any samples to the high end of ranges.
    """

    def __init__(
        self,
        classes: int,
        width: int,
        widths: Sequence[int],
        *,
        certain: float = 0.9,
        likely: float = 0.15,
        samples: int = 150,
        inner: float = 0.9,
        outer: float = 0.05,
        members: int = 1,
        certain_alone: float | None = None,
        likely_alone: float | None = None,
    ) -> None:
        super().__init__()
        self.sureness = (certain, likely, samples)
        alone = (certain if certain_alone is None else certain_alone, likely if likely_alone is None else likely_alone)
        self.sureness_alone = (*alone, samples)
        self.ends = (inner, outer)
        self.lumen = DeepLabV3Plus(classes, width)
        self.calcium = nn.ModuleList(PolarUNet(widths) for _ in range(members))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Give the first step's class scores."""
        return self.lumen(images)


def mean_probability(members: Iterable[nn.Module], walls: torch.Tensor) -> torch.Tensor:
    """Mean of the probabilities that networks give for both ways of seeing a wall, (batch, angles, depths).

    Args:
        walls: (batch, SEEN, channels, angles, depths), see ``seen_walls``.

    Raises:
        InputError: a network gives no finite numbers.
    """
    flat = walls.flatten(0, 1).contiguous(memory_format=torch.channels_last)
    found = torch.stack([torch.sigmoid(finite(member(flat))) for member in members]).mean(dim=0).unflatten(0, walls.shape[:2])
    return (found[:, 0] + found[:, 1].flip(1)) / 2


def seen_walls(view: PolarView, frame: np.ndarray) -> np.ndarray:
    """What the second step sees of a frame's view, float32 (SEEN, channels, angles, depths).

    As it is, and with softened grain and mirrored: how coarse speckle is depends on the scanner, a deposit is there in both.
    """
    grey = view.sampled(frame)
    softened = gaussian_filter(grey, SOFTENED_SAMPLES, mode=("wrap", "nearest"))
    return np.stack([wall_channels(view, grey), wall_channels(view, softened)[:, ::-1]])


@dataclass(frozen=True, eq=False)
class Look:
    """What the steps see in one square, before calcium is decided.

    Attributes:
        labels: uint8 (rows, columns), lumen and guidewire of the first step. view: where its wall lies, None without a lumen.
        wall: what the second step sees of the view, see ``seen_walls``; None without one.
        probability: of calcium in the view, float32 (ANGLES, DEPTHS); None without one. frames: how many it is the mean of.
    """

    labels: np.ndarray
    view: PolarView | None = None
    wall: np.ndarray | None = None
    probability: np.ndarray | None = None
    frames: int = 1


@dataclass(frozen=True, eq=False)
class Answer:
    """What both steps say of a square: labels, uint8 (rows, columns), and how far calcium may reach, if it was looked for."""

    labels: np.ndarray
    range: CalciumRange | None


class TwoStepPredictor(Predictor):
    """Both steps on a stream of squares, as ``Predictor``.

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
        self._sureness, self._sureness_alone, self._ends = network.sureness, network.sureness_alone, network.ends
        members = (fold_batch_norms(member) for member in network.calcium)
        self._calcium = [member.to(device, self.dtype, memory_format=torch.channels_last) for member in members]

    def answers(self, squares: Iterable[np.ndarray], frame_mm: float | None, alike: Sequence[bool]) -> Iterator[Answer]:
        """Give the answer of each square in order, calcium being decided by the mean probability of neighbouring frames.

        Args:
            frame_mm, alike: which frames are neighbours, see ``averaged``.
        """
        return (self._answer(look) for look in averaged(self.results(squares), frame_mm, alike))

    @torch.inference_mode()
    def _predict(self, frames: list[np.ndarray]) -> list[Look]:
        first = [without_calcium(labels) for labels in super()._predict(frames)]
        views = [self._view(labels) for labels in first]
        seen = [index for index, view in enumerate(views) if view is not None]
        looks = [Look(labels) for labels in first]
        if seen:
            walls = np.stack([seen_walls(views[index], frames[index]) for index in seen])
            for index, wall, probability in zip(seen, walls, self._probability(walls, 1), strict=True):
                looks[index] = Look(first[index], views[index], wall, probability)
        return looks

    def _probability(self, walls: np.ndarray, members: int) -> np.ndarray:
        return mean_probability(self._calcium[:members], torch.from_numpy(walls).to(self.device, self.dtype)).cpu().numpy()

    def _view(self, labels: np.ndarray) -> PolarView | None:
        if self.pixel_mm is None:
            return None
        return polar_view(post_processed(labels), self.pixel_mm)  # a speck of lumen would move the border

    @torch.inference_mode()
    def _answer(self, look: Look) -> Answer:
        if look.view is None:
            return Answer(look.labels, None)
        probability, sureness = look.probability, self._sureness
        if look.frames == 1:
            probability, sureness = self._probability(look.wall[None], len(self._calcium))[0], self._sureness_alone
        deposits = sure_deposits(probability, *sureness)
        inner, outer = self._ends
        ends = calcium_range(look.view, deposits & (probability >= inner), deposits | (probability >= outer))
        ends = replace(ends, scores=wall_scores(look.view, probability, deposits, outer))
        return Answer(with_calcium(look.labels, look.view, deposits), ends)


def averaged(looks: Iterable[Look], frame_mm: float | None, alike: Sequence[bool]) -> Iterator[Look]:
    """Give the looks with the mean probability of up to ``NEIGHBOURS`` frames before and behind, each in its own view.

    Views are unrolled from the lumen border, so the same place of the wall lies at the same place of neighbouring views.

    Args:
        looks: in the order of the pullback. frame_mm: distance between them, None where unknown; neighbours lie at most
            ``FARTHEST_NEIGHBOUR_MM`` apart.
        alike: whether each frame looks like the one before it; asked only at an unknown distance, and only of looks given so far.
    """
    reach = NEIGHBOURS if frame_mm is None else min(NEIGHBOURS, int(FARTHEST_NEIGHBOUR_MM / frame_mm))

    def neighbours(number: int) -> list[Look]:
        near = range(number - reach, number + reach + 1)
        return [held[other] for other in near if other in held and (frame_mm is not None or _one_place(alike, number, other))]

    held: dict[int, Look] = {}
    number = -1
    for number, look in enumerate(looks):
        held[number] = look
        if number >= reach:
            yield _averaged(held[number - reach], neighbours(number - reach))
            held.pop(number - 2 * reach, None)
    for last in range(max(number - reach + 1, 0), number + 1):
        yield _averaged(held[last], neighbours(last))


def _one_place(alike: Sequence[bool], one: int, other: int) -> bool:
    """Whether every frame between two looks like the one before it."""
    first, last = sorted((one, other))
    return all(alike[first + 1 : last + 1])


def _averaged(look: Look, neighbours: Sequence[Look]) -> Look:
    """A look with the mean probability of those given, itself among them; frames without a lumen count for nothing."""
    if look.probability is None:
        return look
    seen = [each.probability for each in neighbours if each.probability is not None]
    return replace(look, probability=np.mean(seen, axis=0), frames=len(seen))


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

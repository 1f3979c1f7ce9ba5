"""From a pullback to its label map: every frame through the bundle's network and back to the frame's own pixels."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from LesionReadingLib.model.bundle import Bundle
from LesionReadingLib.model.prediction import Predictor, choose_device, load_network

from ..labels import BACKGROUND
from ..letterbox import NETWORK_SIZE, Letterbox
from ..reading.pullback import Pullback
from ..wall.calcium_range import CalciumRange
from .legibility import coarse, is_legible, look_alike
from .network import DeepLabV3Plus
from .post_processing import post_processed, temporally_smoothed
from .preparation import network_input
from .two_step import Answer, TwoStep, TwoStepPredictor, frames_for_size, usual_pixel_mm

if TYPE_CHECKING:
    import torch
    from torch import nn

NETWORKS = {"DeepLabV3Plus": DeepLabV3Plus, "TwoStep": TwoStep}


@dataclass(frozen=True, eq=False)
class Segmentation:
    """What a model says of a pullback.

    Attributes:
        labels: uint8 (frames, rows, columns) in the pullback's own pixels, values of ``labels``.
        ranges: of each frame how far calcium may reach, None where none was looked for; None as a whole of a model that gives none.
        notes: sentences for the report on how the network worked.
    """

    labels: np.ndarray
    ranges: tuple[CalciumRange | None, ...] | None
    notes: tuple[str, ...] = ()


def segment(pullback: Pullback, bundle: Bundle, device: str, progress: Callable[[int, int], None]) -> Segmentation:
    """Label every frame of a pullback and tidy each answer; frames that show nothing (``legibility.is_legible``) get no label.

    Args:
        pullback: as ``read.open_pullback`` gives it; read once, from first to last frame.
        bundle: a model of the task ``oct-calcium``.
        device: ``"auto"``, ``"cpu"`` or ``"cuda"``.
        progress: called with (frames done, frames in all) after every frame.

    Raises:
        InputError: a frame, the bundle or the device cannot be used. Whatever ``progress`` raises ends the work.
    """
    network = load_network(bundle, NETWORKS).float()
    box = Letterbox(pullback.rows, pullback.columns, aspect=pullback.pixel_aspect)
    labels = np.empty((pullback.frame_count, pullback.rows, pullback.columns), np.uint8)
    with _predictor(network, pullback, box, choose_device(device)) as predictor:
        predictor.warm_up(NETWORK_SIZE, NETWORK_SIZE)
        legible: list[bool] = []  # of the frames read so far, as what follows; the answers come after them
        alike: list[bool] = []
        ranges: list[CalciumRange | None] = []
        frame_mm = pullback.spacing.frame_mm
        frames = _judged(pullback.read(0, pullback.frame_count), legible)
        if frame_mm is None:  # else nobody asks whether they look alike
            frames = _compared(frames, alike)
        squares = map(box.square, frames)
        if isinstance(predictor, TwoStepPredictor):
            answers = _without_ranges(predictor.answers(squares, frame_mm, alike), ranges)
        else:
            answers = predictor.labels(squares)
        for frame, found in enumerate(temporally_smoothed(answers, frame_mm, alike)):
            labels[frame] = box.frame_labels(post_processed(found)) if legible[frame] else BACKGROUND
            progress(frame + 1, pullback.frame_count)
    known = [found if seen else None for found, seen in zip(ranges, legible, strict=True)] if ranges else None
    return Segmentation(labels, None if known is None else tuple(known), predictor.notes)


def _without_ranges(answers: Iterable[Answer], ranges: list[CalciumRange | None]) -> Iterator[np.ndarray]:
    """The label maps of a two-step model's answers, whose ranges are put into a list."""
    for answer in answers:
        ranges.append(answer.range)
        yield answer.labels


def _judged(frames: Iterable[np.ndarray], legible: list[bool]) -> Iterator[np.ndarray]:
    """The frames as they are, having noted of each whether it shows anything."""
    for frame in frames:
        legible.append(is_legible(frame))
        yield frame


def _compared(frames: Iterable[np.ndarray], alike: list[bool]) -> Iterator[np.ndarray]:
    """The frames as they are, having noted of each whether it looks like the one before."""
    before = None
    for frame in frames:
        now = coarse(frame)
        alike.append(before is not None and look_alike(before, now))
        before = now
        yield frame


def _predictor(network: nn.Module, pullback: Pullback, box: Letterbox, device: torch.device) -> Predictor:
    """Whatever labels squares with this network."""
    if not isinstance(network, TwoStep):
        return Predictor(network, network_input, device)
    pixel_mm = pullback.spacing.row_mm
    if pixel_mm is not None:
        return TwoStepPredictor(network, device, pixel_mm * box.rows / box.inner_rows)
    some = [box.square(next(iter(pullback.read(index, index + 1)))) for index in frames_for_size(pullback.frame_count)]
    return TwoStepPredictor(network, device, usual_pixel_mm(network, some, device))

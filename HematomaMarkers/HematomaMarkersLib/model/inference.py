"""A prepared head through the network: hematoma on every slice, markers and their heat on the slices that show one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from LesionReadingLib.masks import filled, large_pieces, pieces, pieces_with
from LesionReadingLib.model.batch_norms import fold_batch_norms
from LesionReadingLib.model.prediction import Stream, finite
from scipy import ndimage

from ..labels import BACKGROUND, HEMATOMA, INTRAVENTRICULAR, MARKERS, OUTSIDE_BRAIN
from ..outline import ellipse_perimeter_mm, perimeter_mm
from .gradcam import marker_heat
from .network import JointNetwork
from .preparation.grid import NETWORK_PIXEL_MM
from .preparation.prepare import network_input
from .views import mean_over_views

LEAST_PART_ML = 0.1
"""Blood in one piece that is smaller is noise."""

LEAST_ON_ONE_SLICE_ML = 0.3
"""The same of a piece that no other slice shows, where there are other slices. Chosen on 91 validation patients of the wide range,
those of seeds 548 to 699; what it does to held-out ones, ``python -m training hematoma evaluate`` tells."""

DENSEST_BLOOD_HU = 90.0
"""Acute blood has 50 to 75 HU: what is denser is bone or calcification. Chosen likewise."""

DENSEST_PERCENT, DENSEST_PERCENT_OUTSIDE = 90.0, 50.0
"""Percentile of a piece's HU that stays below ``DENSEST_BLOOD_HU``. Blood outside the brain lies against the skull, and bone in its
voxels makes its rim denser: of 75 mL of a subdural hematoma that were found, a tenth had 93 HU and more. On 120 validation heads of
the wide range (seeds 500 to 699) such blood is told in 25 of 30 with 1 mL and more and in 5 of 86 without any, by the densest tenth
in 11 and 4."""

CORE, EXTENT = 0.97, 0.3
"""A piece of blood holds a voxel with the first probability and reaches to where the second ends, in the mean of several ``views``.
Chosen on the same 91 validation patients. Blood outside the brain is taken from the slice as it is: of it the mean with the
mirrored view saw less in real pictures."""

_FULL = 255  # of a probability
_CONNECTIVITY = 3  # voxels that share a corner are of one piece
_MARKER_BATCH = 4
Features = list[torch.Tensor]


@dataclass(frozen=True, eq=False)
class HeadReading:
    """What the network says of a prepared head, on the network's grid.

    Attributes:
        labels: uint8 (slices, 256, 256), post-processed. outside: bool, likewise, blood outside the brain; None where the network
            was not taught to see it.
        areas_cm2: (slices,) area of the hematoma.
        slice_logits: float32 (slices, 4), nan on slices without hematoma.
        margin_lengths: (slices,) how much longer the found margin is than an ellipse's, see ``margin_lengths``.
        heat: float32 (slices, 4, 32, 32), 0 and more, each cell 8 x 8 network pixels; zero on slices without hematoma.
        scores: uint8 (slices, 256, 256), the probability of hematoma, mean of all views, 0 to 1 as 0 to 255; 0 where blood is not
            looked for.
        looked_at: bool (slices, 256, 256), where the markers were looked for; the heat's cells reach a little beyond.
        notes: sentences for the report on how the network worked.
    """

    labels: np.ndarray
    areas_cm2: np.ndarray
    slice_logits: np.ndarray
    margin_lengths: np.ndarray
    heat: np.ndarray
    scores: np.ndarray
    looked_at: np.ndarray
    notes: tuple[str, ...] = ()
    outside: np.ndarray | None = None


def read_head(
    network: JointNetwork,
    hounsfield: np.ndarray,
    inside: np.ndarray,
    extents_mm: np.ndarray,
    window: tuple[float, float],
    device: torch.device,
    progress: Callable[[int, int], None],
) -> HeadReading:
    """Read a prepared head.

    Args:
        network: in eval mode.
        hounsfield: int16 (slices, 256, 256) in HU. inside: bool, the same shape; blood is only looked for there.
        extents_mm: (slices,) how much of the patient each slice stands for.
        window: lower and upper end in HU.
        device: of ``choose_device``.
        progress: called with (slices done, slices in all) after every slice.

    Raises:
        InputError: memory does not suffice. Whatever ``progress`` raises ends the work.
    """
    quick = fold_batch_norms(network).to(device, memory_format=torch.channels_last)
    scores, outside = np.zeros((2, *hounsfield.shape), np.uint8), np.zeros(hounsfield.shape, bool)
    features = {}
    with Stream(_segmenting(quick, window, device), device) as segmented:
        for number, (probabilities, is_outside, of_encoder) in enumerate(segmented.results(hounsfield)):
            scores[:, number], outside[number] = probabilities * inside[number], is_outside & inside[number]
            if scores[:, number].sum(axis=0, dtype=np.uint16).max() > _FULL * EXTENT:
                features[number] = of_encoder
            progress(number + 1, len(hounsfield))
    labels = post_processed(blood_of(scores), hounsfield, extents_mm)
    outside &= labels == BACKGROUND
    areas_cm2 = (labels == HEMATOMA).sum(axis=(1, 2)) * NETWORK_PIXEL_MM**2 / 100
    logits = np.full((len(labels), len(MARKERS)), np.nan, np.float32)
    heat = np.zeros((len(labels), len(MARKERS), *(size // 8 for size in labels.shape[1:])), np.float32)
    looked_at = np.zeros(labels.shape, bool)
    shown = np.flatnonzero(areas_cm2)
    with Stream(_marking(quick, hounsfield, labels, features, window, device), device, _MARKER_BATCH, workers=1) as marked:
        for number, found in zip(shown, marked.results(shown.tolist()), strict=True):
            looked_at[number], logits[number], heat[number] = found
    notes = tuple(dict.fromkeys(segmented.notes + marked.notes))
    is_taught = network.classes > OUTSIDE_BRAIN
    outside = can_be_blood(outside, hounsfield, extents_mm, DENSEST_PERCENT_OUTSIDE) if is_taught else None
    return HeadReading(labels, areas_cm2, logits, margin_lengths(labels), heat, scores[0], looked_at, notes, outside)


def margin_lengths(labels: np.ndarray) -> np.ndarray:
    """How long the hematoma's margin is on each slice.

    Args:
        labels: uint8 (slices, 256, 256), values of ``labels``.

    Returns:
        float (slices,), the natural logarithm of the main piece's perimeter over that of an ellipse with the same second moments,
        0 and more (of few pixels smoothing makes it less, which says nothing); nan where there is no hematoma.
    """
    lengths = np.full(len(labels), np.nan)
    for number, hematoma in enumerate(labels == HEMATOMA):
        for box in ndimage.find_objects(hematoma.view(np.uint8)):
            numbers, sizes = pieces(hematoma[box], 2)
            main = np.pad(filled(hematoma[box] & (numbers == sizes.argmax())), 1)
            of_ellipse = ellipse_perimeter_mm(main, NETWORK_PIXEL_MM, NETWORK_PIXEL_MM)
            lengths[number] = max(0.0, np.log(perimeter_mm(main, NETWORK_PIXEL_MM, NETWORK_PIXEL_MM) / of_ellipse))
    return lengths


def post_processed(labels: np.ndarray, hounsfield: np.ndarray, extents_mm: np.ndarray) -> np.ndarray:
    """Give the label map (slices, 256, 256) without pieces that are no blood: too small, on one slice only, or as dense as bone.

    The limits are those of this module; ``hounsfield`` is int16 of the labels' shape, in HU. A smaller piece of one kind of blood
    that touches a larger one of the other kind becomes that kind.
    """
    labels = np.where(can_be_blood(labels != BACKGROUND, hounsfield, extents_mm), labels, BACKGROUND).astype(np.uint8)
    large = {label: _parts_of_some_size(labels == label, extents_mm) for label in (HEMATOMA, INTRAVENTRICULAR)}
    turned = labels.copy()
    for label, other in ((HEMATOMA, INTRAVENTRICULAR), (INTRAVENTRICULAR, HEMATOMA)):
        turned[(labels == label) & ~large[label] & pieces_with(labels != BACKGROUND, large[other], _CONNECTIVITY)] = other
    return turned


def blood_of(scores: np.ndarray) -> np.ndarray:
    """From probabilities to labels: pieces of blood that are certain somewhere, as far as they are likely.

    Args:
        scores: uint8 (2, slices, 256, 256), 0 to 1 as 0 to 255, of hematoma and of blood in the ventricles.

    Returns:
        uint8 (slices, 256, 256), values of ``labels``.
    """
    hematoma, ventricular = scores
    blood = hematoma.astype(np.uint16) + ventricular
    marked = pieces_with(blood > _FULL * EXTENT, blood > _FULL * CORE, _CONNECTIVITY)
    return np.where(marked, np.where(hematoma >= ventricular, HEMATOMA, INTRAVENTRICULAR), BACKGROUND).astype(np.uint8)


def _segmenting(
    network: JointNetwork, window: tuple[float, float], device: torch.device
) -> Callable[[list[np.ndarray]], list[tuple[np.ndarray, np.ndarray, Features]]]:
    """What gives, of each slice, the probabilities of hematoma and of blood in the ventricles, uint8 (2, 256, 256), where blood
    outside the brain is likeliest, bool (256, 256), and the encoder's features."""

    def blood_on(hounsfield: torch.Tensor) -> torch.Tensor:
        return _blood(finite(network.segment(_input(hounsfield, window))[0]))

    @torch.inference_mode()
    def work(images: list[np.ndarray]) -> list[tuple[np.ndarray, np.ndarray, Features]]:
        hounsfield = torch.from_numpy(np.stack(images)).to(device)[:, None]
        scores, features = network.segment(_input(hounsfield, window))
        outside = (finite(scores).argmax(dim=1) == OUTSIDE_BRAIN).cpu().numpy()
        blood = _blood(scores)
        shown = blood.sum(dim=1).amax(dim=(1, 2)) > EXTENT  # most slices of most heads show none, and are looked at once
        if shown.any():
            blood[shown] = mean_over_views(hounsfield[shown].float(), blood[shown], blood_on)
        in_steps = (_FULL * blood).round().to(torch.uint8).cpu().numpy()
        of_slices = enumerate(zip(in_steps, outside, strict=True))
        return [(*found, [feature[number] for feature in features]) for number, found in of_slices]

    return work


def _blood(scores: torch.Tensor) -> torch.Tensor:
    """The probabilities of hematoma and of blood in the ventricles, float32 (batch, 2, rows, columns)."""
    return scores.float().softmax(dim=1)[:, [HEMATOMA, INTRAVENTRICULAR]]


def _marking(
    network: JointNetwork,
    hounsfield: np.ndarray,
    labels: np.ndarray,
    features: dict[int, Features],
    window: tuple[float, float],
    device: torch.device,
) -> Callable[[list[int]], list[tuple[np.ndarray, np.ndarray, np.ndarray]]]:
    """What gives, of slices by number: where markers were looked for, bool (256, 256), logits (4,) and heat (4, 32, 32)."""

    def work(some: list[int]) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        mask = torch.from_numpy(labels[some] == HEMATOMA)[:, None].float().to(device)
        before_tail = _before_tail(network, hounsfield[some], mask, [features[number] for number in some], window, device)
        with torch.inference_mode():
            looked_at = network.markers.region(mask)[:, 0].cpu().numpy() > 0
            logits = finite(network.markers.tail(*before_tail)).cpu().numpy()
        return list(zip(looked_at, logits, finite(marker_heat(network.markers.tail, *before_tail)).cpu().numpy(), strict=True))

    return work


@torch.inference_mode()
def _before_tail(
    network: JointNetwork,
    hounsfield: np.ndarray,
    mask: torch.Tensor,
    features: list[Features],
    window: tuple[float, float],
    device: torch.device,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    together = [torch.stack(of_stride) for of_stride in zip(*features, strict=True)]
    return network.markers.until_tail(_input(torch.from_numpy(hounsfield).to(device)[:, None], window), together, mask)


def _input(hounsfield: torch.Tensor, window: tuple[float, float]) -> torch.Tensor:
    return network_input(hounsfield, window).to(memory_format=torch.channels_last)


def can_be_blood(
    mask: np.ndarray, hounsfield: np.ndarray, extents_mm: np.ndarray, densest_percent: float = DENSEST_PERCENT
) -> np.ndarray:
    """The pieces of a mask that can be blood by their size, by how many slices show them, and by their density.

    Args:
        mask: bool (slices, 256, 256). hounsfield: int16 of that shape, in HU. extents_mm: (slices,) as of ``read_head``.
        densest_percent: percentile of a piece's HU that is less than ``DENSEST_BLOOD_HU``.
    """
    numbers, _sizes = pieces(mask, _CONNECTIVITY)
    blood = np.zeros_like(mask)
    for number, box in enumerate(ndimage.find_objects(numbers), 1):
        piece = numbers[box] == number
        volume_ml = piece.sum(axis=(1, 2)) @ extents_mm[box[0]] * NETWORK_PIXEL_MM**2 / 1000
        is_seen_once = len(piece) == 1 and len(mask) > 1
        least_ml = LEAST_ON_ONE_SLICE_ML if is_seen_once else LEAST_PART_ML
        if volume_ml >= least_ml and np.percentile(hounsfield[box][piece], densest_percent) < DENSEST_BLOOD_HU:
            blood[box] |= piece
    return blood


def _parts_of_some_size(mask: np.ndarray, extents_mm: np.ndarray) -> np.ndarray:
    voxel_ml = np.broadcast_to((extents_mm * NETWORK_PIXEL_MM**2 / 1000)[:, None, None], mask.shape)
    return large_pieces(mask, LEAST_PART_ML, _CONNECTIVITY, voxel_ml)

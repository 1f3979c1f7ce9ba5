"""The two-step model: views for its second step from folders and real frames, and its bundle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from LesionReadingLib.errors import InputError
from LesionReadingLib.model.bundle import Bundle, find_bundle
from LesionReadingLib.model.prediction import load_network
from LesionReadingLib.model.weights import in_bytes
from OCTCalciumLib.labels import TASK
from OCTCalciumLib.letterbox import Letterbox
from OCTCalciumLib.model.inference import NETWORKS, segment
from OCTCalciumLib.model.polar_network import PolarUNet
from OCTCalciumLib.model.two_step import TwoStep
from OCTCalciumLib.reading.read import open_pullback
from safetensors.torch import load_file, save

from ...reporting.monai_configs import write_trained_bundle
from ...wording import how_many
from ..bundle import bundle_metadata, model_card, two_step_limits
from .train import WEIGHTS, PolarRecipe
from .views import Views, real_views

REFERENCE = "Ronneberger O et al. U-Net: Convolutional Networks for Biomedical Image Segmentation. arXiv:1505.04597, 2015."


def views_of_real_frames(
    images: Path, pixel_mm: float, frames: range, copies: int, first_step: Bundle, device: str, seed: int = 1
) -> Views:
    """Views of some frames of a real pullback without calcium, about the lumens that a first step finds.

    Args:
        images: folder of pictures. pixel_mm: side of a pixel of theirs. frames: which of them, from 0.
        copies: views of each frame. first_step: a bundle that finds lumen and guidewire.

    Raises:
        InputError: none of the frames is there.
    """
    pullback = open_pullback(images, pixel_mm)
    shown = [frame for frame in frames if frame < pullback.frame_count]
    if not shown:
        raise InputError(
            f"{images} has {how_many(pullback.frame_count, 'frame')}, and none from {frames.start + 1} to {frames.stop}; "
            "name others with --frames, the first one first."
        )
    labels = segment(pullback, first_step, device, lambda done, total: None).labels[shown]
    pictures = [next(iter(pullback.read(frame, frame + 1))) for frame in shown]
    box = Letterbox(pullback.rows, pullback.columns)
    squares, found = np.stack([box.square(each) for each in pictures]), np.stack([box.square_labels(each) for each in labels])
    return real_views(squares, found, pixel_mm * box.rows / box.inner_rows, np.random.default_rng(seed), copies)


def two_step_bundle(
    trainings: Sequence[Path],
    folder: Path,
    first_step: str,
    recipe: PolarRecipe,
    data_source: str,
    licence: str,
    sureness: Mapping[str, float],
) -> Bundle:
    """Write the bundle of one or more calcium networks behind another bundle's lumen and guidewire, a byte for each weight.

    Args:
        trainings: folders of ``train-calcium``, of the members in order. folder: the bundle to write.
        first_step: name or folder of the bundle, of one step or two, whose DeepLab v3+ is kept for lumen and guidewire.
        sureness: ``certain``, ``likely``, ``samples``, ``inner`` and ``outer`` of ``TwoStep``.
    """
    before = find_bundle(first_step, TASK)
    found = load_network(before, NETWORKS)
    lumen = found.lumen if isinstance(found, TwoStep) else found
    first_arguments = {name: before.network_arguments[name] for name in ("classes", "width")}
    arguments: dict[str, Any] = {**first_arguments, "widths": list(PolarUNet.WIDTHS), "members": len(trainings), **sureness}
    network = TwoStep(**arguments)
    network.lumen = lumen
    for member, training in zip(network.calcium, trainings, strict=True):
        member.load_state_dict(load_file(training / WEIGHTS))
    metadata = bundle_metadata(data_source, {**asdict(recipe), "first_step": before.name})
    metadata["description"] = (
        "Two steps: guidewire and lumen by a DeepLab v3+ on a ResNet-50, then calcium by a U-Net in the wall unrolled behind that "
        "lumen: 192 angles by 96 depths of 0.025 mm, closed around the vessel."
    )
    metadata["references"] = [*metadata["references"], REFERENCE]
    card = model_card(folder.name, metadata, {}, two_step_limits(metadata))
    return write_trained_bundle(
        folder,
        TASK,
        network_class="TwoStep",
        network_arguments=arguments,
        weights=weights_file(network),
        metadata=metadata,
        card=card,
        licence=licence,
    )


def weights_file(network: TwoStep) -> bytes:
    """The content of the safetensors file of a two-step model's weights."""
    return save(in_bytes(network.state_dict()))

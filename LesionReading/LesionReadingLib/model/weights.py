"""A network's weights on disk: one byte for each weight of a layer, and one scale for each of its output channels.

Half of half precision, so that a bundle stays small; biases and norms are few and are not rounded like that.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch

SCALE = ":scale"
"""Behind a tensor's name: that of its scales, one for each index of its first axis."""
LARGEST = 127
FEWEST_VALUES = 256
"""Smaller tensors are not worth scales of their own."""


def in_bytes(tensors: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Tensors as they are kept on disk.

    Weights of layers (two axes and more) become int8 with scales in single precision; other floating values are kept in half
    precision, but for the batch norms' statistics, which may be beyond its range.
    """
    kept: dict[str, torch.Tensor] = {}
    for name, tensor in tensors.items():
        if tensor.is_floating_point() and tensor.dim() > 1 and tensor.numel() >= FEWEST_VALUES:
            scales = tensor.float().flatten(1).abs().amax(1).clamp(min=torch.finfo(torch.float32).tiny) / LARGEST
            kept[name] = (tensor.float() / _beside(scales, tensor)).round().to(torch.int8).contiguous()
            kept[name + SCALE] = scales
        elif tensor.is_floating_point() and "running_" not in name:
            kept[name] = tensor.half().contiguous()
        else:
            kept[name] = tensor.contiguous()
    return kept


def load_weights(file: Path) -> dict[str, torch.Tensor]:
    """The tensors of a safetensors file by name, those that were kept in bytes in single precision, the others as they are.

    Raises:
        SafetensorError, ValueError: it holds something else than ``in_bytes`` gives, or plain weights.
    """
    from safetensors.torch import load_file

    tensors = load_file(file)
    scales = {name.removesuffix(SCALE): tensors.pop(name) for name in list(tensors) if name.endswith(SCALE)}
    for name, of_channels in scales.items():
        if name not in tensors or of_channels.shape != tensors[name].shape[:1]:
            raise ValueError(f"the scales of {name} do not fit")
        tensors[name] = tensors[name].float() * _beside(of_channels.float(), tensors[name])
    return tensors


def _beside(scales: torch.Tensor, tensor: torch.Tensor) -> torch.Tensor:
    """Scales (channels,) in the shape that multiplies a tensor (channels, ...)."""
    return scales.reshape(-1, *[1] * (tensor.dim() - 1))

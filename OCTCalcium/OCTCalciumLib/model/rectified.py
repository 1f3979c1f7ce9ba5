"""Convolutions with batch norm and ReLU, which a processor calculates in one pass over memory where nothing is learnt."""

from __future__ import annotations

from functools import cache
from itertools import islice

import torch
from torch import nn
from torch.nn import functional


@cache
def in_one_pass() -> bool:
    """Whether this PyTorch has oneDNN's fused convolution, called as below: an operator of its compiler that is not promised."""
    try:
        with torch.inference_mode():
            layer, image = nn.Conv2d(1, 1, 1), torch.ones(1, 1, 2, 2)
            found = _fused(layer, image, None), _fused(layer, image, image)
            wanted = torch.relu(layer(image)), torch.relu(layer(image) + image)
            return all(map(torch.allclose, found, wanted))
    except (AttributeError, RuntimeError, TypeError):
        return False


class Rectified(nn.Sequential):
    """Convolutions one behind the other, each followed by batch norm and ReLU."""

    def __init__(self, *convolutions: nn.Conv2d) -> None:
        layers = ((one, nn.BatchNorm2d(one.out_channels), nn.ReLU(inplace=True)) for one in convolutions)
        super().__init__(*(layer for three in layers for layer in three))

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        for convolution, norm in zip(islice(self, 0, None, 3), islice(self, 1, None, 3), strict=True):
            features = rectified(convolution, norm, features)
        return features


def rectified(convolution: nn.Conv2d, norm: nn.Module, features: torch.Tensor, beside: torch.Tensor | None = None) -> torch.Tensor:
    """The ReLU of a convolution's normed output, to which other features are added before if there are any.

    With the batch norm folded (``fold_batch_norms``) oneDNN does all of it while the output is still in the processor's cache: at
    these sizes ReLU and addition would take as long as the convolutions. PyTorch's compiler calls it in the same way.
    """
    plain = type(convolution) is nn.Conv2d and isinstance(norm, nn.Identity)
    if plain and features.device.type == "cpu" and in_one_pass():
        return _fused(convolution, features, beside)
    found = norm(convolution(features))
    return functional.relu_(found if beside is None else found + beside)


def _fused(one: nn.Conv2d, features: torch.Tensor, beside: torch.Tensor | None) -> torch.Tensor:
    layer = one.weight, one.bias, one.padding, one.stride, one.dilation, one.groups
    if beside is None:
        return torch.ops.mkldnn._convolution_pointwise(features, *layer, "relu", [], "")
    return torch.ops.mkldnn._convolution_pointwise(features, beside, *layer, "add", None, "relu", [], None)

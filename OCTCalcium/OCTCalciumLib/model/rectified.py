"""Convolutions with batch norm and ReLU, which a processor calculates in one pass over memory where nothing is learnt."""

from __future__ import annotations

from itertools import islice

import torch
from torch import nn
from torch.nn import functional

_ON_ONEDNN = torch.backends.mkldnn.is_available()


class Rectified(nn.Sequential):
    """Convolutions one behind the other, each followed by batch norm and ReLU."""

    def __init__(self, *convolutions: nn.Conv2d) -> None:
        layers = ((one, nn.BatchNorm2d(one.out_channels), nn.ReLU(inplace=True)) for one in convolutions)
        super().__init__(*(layer for three in layers for layer in three))

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        for convolution, norm in zip(islice(self, 0, None, 3), islice(self, 1, None, 3), strict=True):
            features = rectified(convolution, norm, features)
        return features


def rectified(convolution: nn.Conv2d, norm: nn.Module, features: torch.Tensor) -> torch.Tensor:
    """The ReLU of a convolution's normed output.

    With the batch norm folded (``fold_batch_norms``) oneDNN does both while the output is still in the processor's cache: at
    these sizes a ReLU takes as long as a convolution. PyTorch's compiler calls it in the same way.
    """
    plain = type(convolution) is nn.Conv2d and isinstance(norm, nn.Identity)
    if not (plain and _ON_ONEDNN and features.device.type == "cpu"):
        return functional.relu_(norm(convolution(features)))
    one = convolution
    layer = one.weight, one.bias, one.padding, one.stride, one.dilation, one.groups
    return torch.ops.mkldnn._convolution_pointwise(features, *layer, "relu", [], "")

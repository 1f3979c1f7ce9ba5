"""Widely dilated depthwise convolutions that learn on a processor, where oneDNN has no good kernel for them.

Its bfloat16 gradient of their weights is wrong (it reads memory that was never written, so now and then it is not even a number),
and in float32 it takes the general way, through products of matrices, two to five times as long as the sums below.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import torch
from torch.autograd.function import FunctionCtx, once_differentiable

_Place = tuple[slice, slice, slice]


def depthwise(features: torch.Tensor, weight: torch.Tensor, dilation: int) -> torch.Tensor:
    """A padded 3x3 convolution of each channel alone, float32 (batch, channels, rows, columns), channels last in memory.

    Args:
        features: of the same shape, in any precision. weight: (channels, 1, 3, 3).
    """
    return _Depthwise.apply(features, weight, dilation)


class _Depthwise(torch.autograd.Function):
    """Sums of shifted features: at these dilations the nine shifts overlap with the picture in a few of its pixels only."""

    @staticmethod
    def forward(context: FunctionCtx, features: torch.Tensor, weight: torch.Tensor, dilation: int) -> torch.Tensor:
        context.save_for_backward(features, weight)
        context.dilation = dilation
        seen, kernel = _channels_last(features), _by_tap(weight)
        found = torch.zeros_like(seen)
        for tap, here, there in _overlaps(seen.shape[1], seen.shape[2], dilation):
            found[here].addcmul_(seen[there], kernel[tap])
        return found.permute(0, 3, 1, 2)

    @staticmethod
    @once_differentiable
    def backward(context: FunctionCtx, slope: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, None]:
        features, weight = context.saved_tensors
        seen, slope, kernel = _channels_last(features), _channels_last(slope), _by_tap(weight)
        of_features, of_kernel = torch.zeros_like(seen), torch.zeros_like(kernel)
        for tap, here, there in _overlaps(seen.shape[1], seen.shape[2], context.dilation):
            of_features[there].addcmul_(slope[here], kernel[tap])
            of_kernel[tap] = (slope[here] * seen[there]).sum((0, 1, 2))
        return of_features.permute(0, 3, 1, 2).to(features.dtype), of_kernel.T.reshape(weight.shape).to(weight.dtype), None


def _channels_last(features: torch.Tensor) -> torch.Tensor:
    return features.permute(0, 2, 3, 1).float().contiguous()


def _by_tap(weight: torch.Tensor) -> torch.Tensor:
    return weight.flatten(1).T.float().contiguous()


def _overlaps(rows: int, columns: int, dilation: int) -> Iterator[tuple[int, _Place, _Place]]:
    """Number of each tap that sees any pixel, where it adds to, and what it sees there."""
    for tap, (down, across) in enumerate(product((-dilation, 0, dilation), repeat=2)):
        if abs(down) < rows and abs(across) < columns:
            (to_rows, from_rows), (to_columns, from_columns) = _moved(rows, down), _moved(columns, across)
            yield tap, (slice(None), to_rows, to_columns), (slice(None), from_rows, from_columns)


def _moved(size: int, by: int) -> tuple[slice, slice]:
    return slice(max(0, -by), size - max(0, by)), slice(max(0, by), size - max(0, -by))

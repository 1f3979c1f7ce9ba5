"""Loss and gradients as one recorded sequence on a GPU: a processor takes longer to launch a step's 1,500 kernels than they run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import nn
from torch.utils._pytree import tree_flatten, tree_unflatten

_SEEN_FIRST = 2
"""Batches of a shape that are learnt as usual, before the next one is recorded: libraries choose their kernels meanwhile."""


class RecordedLoss:
    """Calculates the loss of batches and its gradients, once recorded for their shapes by replaying what was recorded.

    Chances that are drawn inside (dropout) follow from the seed at every replay, as without a recording.

    Args:
        module: on a CUDA device, whose forward gives a loss and asks no tensor for its values.
    """

    def __init__(self, module: nn.Module) -> None:
        self._module = module
        self._parameters = [parameter for parameter in module.parameters() if parameter.requires_grad]
        self._recordings: dict[tuple[torch.Size, ...], _Recording] = {}
        self._seen: dict[tuple[torch.Size, ...], int] = {}

    def __call__(self, inputs: Sequence[Any]) -> torch.Tensor:
        """The loss of a batch; gradients are those of the parameters afterwards, whatever they were before."""
        tensors, structure = tree_flatten(tuple(inputs))
        shapes = tuple(tensor.shape for tensor in tensors)
        self._seen[shapes] = self._seen.get(shapes, 0) + 1
        if self._seen[shapes] <= _SEEN_FIRST:
            for parameter in self._parameters:
                parameter.grad = None
            loss = self._module(*inputs)
            loss.backward()
            return loss.detach()
        if shapes not in self._recordings:
            self._recordings[shapes] = _Recording(self._module, self._parameters, tensors, structure)
        return self._recordings[shapes].replay(self._parameters, tensors)


class _Recording:
    def __init__(self, module: nn.Module, parameters: Sequence[nn.Parameter], tensors: Sequence[torch.Tensor], structure) -> None:
        self._inputs = [tensor.clone() for tensor in tensors]
        for parameter in parameters:
            parameter.grad = None  # so that the recording has gradients of its own
        self._graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self._graph, capture_error_mode="thread_local"):  # others may copy batches meanwhile
            loss = module(*tree_unflatten(self._inputs, structure))
            loss.backward()
        self._loss = loss.detach()
        self._gradients = [parameter.grad for parameter in parameters]

    def replay(self, parameters: Sequence[nn.Parameter], tensors: Sequence[torch.Tensor]) -> torch.Tensor:
        for own, tensor in zip(self._inputs, tensors, strict=True):
            own.copy_(tensor)
        self._graph.replay()
        for parameter, gradient in zip(parameters, self._gradients, strict=True):
            parameter.grad = gradient
        return self._loss.clone()

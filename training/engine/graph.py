"""Loss and gradients as one recorded sequence on a GPU: a processor takes longer to launch a step's kernels than they run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.utils._pytree import tree_flatten, tree_unflatten

_SEEN_FIRST = 2
"""Batches of a shape that are learnt as usual, before the next one is recorded: libraries choose their kernels meanwhile."""
_TOLERANCE = 1e-3
Shapes = tuple[torch.Size, ...]


@dataclass(frozen=True)
class _Recording:
    """What a recorded sequence reads and writes, at places that stay the same: replaying it is all that is left to do."""

    graph: torch.cuda.CUDAGraph
    inputs: list[torch.Tensor]
    loss: torch.Tensor
    gradients: list[torch.Tensor | None]


class RecordedLoss:
    """Calculates the loss of batches and its gradients, from the third batch of a shape on by replaying what was recorded.

    A recording is only used where it gives the loss and the gradients of the usual calculation for the batch that it was made of.
    Chances that are drawn inside (dropout) follow from the seed at every replay, as without a recording.

    Args:
        module: on a CUDA device, whose forward gives a loss and asks no tensor for its values.
    """

    def __init__(self, module: nn.Module) -> None:
        self._module = module
        self._parameters = [parameter for parameter in module.parameters() if parameter.requires_grad]
        self._recordings: dict[Shapes, _Recording | None] = {}
        self._seen: dict[Shapes, int] = {}

    def __call__(self, inputs: Sequence[Any]) -> torch.Tensor:
        """The loss of a batch; gradients are those of the parameters afterwards, whatever they were before."""
        tensors, structure = tree_flatten(tuple(inputs))
        shapes = tuple(tensor.shape for tensor in tensors)
        self._seen[shapes] = self._seen.get(shapes, 0) + 1
        if self._seen[shapes] == _SEEN_FIRST + 1:
            recording = self._record(tensors, structure)
            self._recordings[shapes] = recording if self._is_right(recording, inputs) else None
        recording = self._recordings.get(shapes)
        return calculated(self._module, self._parameters, inputs) if recording is None else self._replay(recording, tensors)

    def _record(self, tensors: Sequence[torch.Tensor], structure: Any) -> _Recording:
        own = [tensor.clone() for tensor in tensors]
        _forget(self._parameters)  # so that the recording has gradients of its own
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, capture_error_mode="thread_local"):  # others may copy batches meanwhile
            loss = self._module(*tree_unflatten(own, structure))
            loss.backward()
        return _Recording(graph, own, loss.detach(), [parameter.grad for parameter in self._parameters])

    def _replay(self, recording: _Recording, tensors: Sequence[torch.Tensor]) -> torch.Tensor:
        for own, tensor in zip(recording.inputs, tensors, strict=True):
            own.copy_(tensor)
        recording.graph.replay()
        for parameter, gradient in zip(self._parameters, recording.gradients, strict=True):
            parameter.grad = gradient
        return recording.loss.clone()

    def _is_right(self, recording: _Recording, inputs: Sequence[Any]) -> bool:
        """Whether both ways agree on the loss and on the length of each gradient; leaves batch norms and chances as they were."""
        tensors, _ = tree_flatten(tuple(inputs))
        found = []
        for calculate in (
            lambda: calculated(self._module, self._parameters, inputs),
            lambda: self._replay(recording, tensors),
        ):
            chances = torch.cuda.get_rng_state()
            before = [buffer.clone() for buffer in self._module.buffers()]
            loss = calculate()
            lengths = [parameter.grad.norm() for parameter in self._parameters if parameter.grad is not None]
            found.append(torch.stack([loss, *lengths]).float())
            for buffer, value in zip(self._module.buffers(), before, strict=True):
                buffer.copy_(value)
            torch.cuda.set_rng_state(chances)
        usual, replayed = found
        return len(usual) == len(replayed) and torch.allclose(
            usual, replayed, rtol=_TOLERANCE, atol=_TOLERANCE * float(usual.max())
        )


def calculated(module: nn.Module, parameters: Sequence[nn.Parameter], inputs: Sequence[Any]) -> torch.Tensor:
    """The loss of a batch, whose gradients are the parameters' afterwards."""
    _forget(parameters)
    loss = module(*inputs)
    loss.backward()
    return loss.detach()


def _forget(parameters: Sequence[nn.Parameter]) -> None:
    for parameter in parameters:
        parameter.grad = None

"""One training in several processes: how a batch is dealt to them, so that they learn what a single process would have learnt.

Processes are started by ``torchrun``, which tells them who they are in environment variables. Gradients are averaged by PyTorch's
``DistributedDataParallel``; batch norms see the whole batch, and so does the loss, and dropout is drawn for it. Only EfficientNet's
dropped connections are drawn in each process alike.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta

import torch
import torch.distributed as dist
from LesionReadingLib.errors import InputError
from torch import nn
from torch.distributed.nn.functional import all_reduce
from torch.nn.parallel import DistributedDataParallel

LONGEST_WAIT = timedelta(hours=2)
"""For the first process while it validates; one that dies is noticed at once."""


@contextmanager
def joined_processes(device: torch.device) -> Iterator[torch.device]:
    """Join the processes that ``torchrun`` started, if it did; give the device of this one.

    Raises:
        InputError: another process was lost.
    """
    if "RANK" not in os.environ or dist.is_initialized():
        yield device
        return
    if device.type == "cuda":
        device = torch.device("cuda", int(os.environ["LOCAL_RANK"]))
        torch.cuda.set_device(device)
    dist.init_process_group("nccl" if device.type == "cuda" else "gloo", timeout=LONGEST_WAIT)
    try:
        yield device
        dist.barrier()
    except RuntimeError as error:
        if "closed by peer" in str(error) or "reset by peer" in str(error) or isinstance(error, dist.DistBackendError):
            raise InputError(f"Process {rank()} of {count()} lost another one and ends; start again to resume.") from error
        raise
    finally:
        dist.destroy_process_group()


def rank() -> int:
    """Number of this process, from 0."""
    return dist.get_rank() if dist.is_initialized() else 0


def count() -> int:
    """How many processes there are."""
    return dist.get_world_size() if dist.is_initialized() else 1


def wait() -> None:
    """Wait for the other processes."""
    if count() > 1:
        dist.barrier()


def agreed(values: list[float]) -> list[float]:
    """The first process's numbers, for all."""
    if count() == 1:
        return values
    numbers = torch.tensor(values, dtype=torch.float64, device="cuda" if dist.get_backend() == "nccl" else "cpu")
    dist.broadcast(numbers, 0)
    return numbers.tolist()


def share(batch: int) -> slice:
    """The pictures of a batch that this process learns from.

    Raises:
        InputError: the batch cannot be dealt evenly.
    """
    if batch % count():
        raise InputError(f"A batch of {batch} cannot be dealt to {count()} processes; choose a multiple of {count()} with batch=.")
    size = batch // count()
    return slice(rank() * size, (rank() + 1) * size)


def parallel(module: nn.Module, device: torch.device) -> nn.Module:
    """The module as every process runs it: its batch norms see the whole batch, its gradients are averaged."""
    if count() == 1:
        return module
    return DistributedDataParallel(module, device_ids=[device.index] if device.type == "cuda" else None)


def for_whole_batches(module: nn.Module, device: torch.device) -> nn.Module:
    """Let batch norms see the whole batch of all processes, and dropout be drawn for it."""
    if count() == 1:
        return module
    for layer in module.modules():
        if type(layer) in (nn.Dropout, nn.Dropout2d):
            layer.__class__ = _WholeDropout if type(layer) is nn.Dropout else _WholeDropout2d
    if device.type == "cuda":
        return nn.SyncBatchNorm.convert_sync_batchnorm(module)
    for layer in module.modules():
        if type(layer) is nn.BatchNorm2d:
            layer.__class__ = _WholeBatchNorm2d  # PyTorch's own, above, runs on CUDA alone
    return module


def whole(tensor: torch.Tensor) -> torch.Tensor:
    """The tensors of all processes, joined along their first axis; gradients flow into this process's own."""
    return tensor if count() == 1 else _Whole.apply(tensor)


class _Whole(torch.autograd.Function):
    @staticmethod
    def forward(context, tensor: torch.Tensor) -> torch.Tensor:
        parts = [torch.empty_like(tensor, memory_format=torch.contiguous_format) for _ in range(count())]
        dist.all_gather(parts, tensor.contiguous())
        return torch.cat(parts)

    @staticmethod
    def backward(context, gradient: torch.Tensor) -> torch.Tensor:
        # The gradient is the same in all processes, and is averaged over them later: times their number it is the whole one.
        return count() * gradient.chunk(count())[rank()]


class _WholeBatchNorm2d(nn.BatchNorm2d):
    def forward(self, features: torch.Tensor) -> torch.Tensor:
        if not self.training:
            return super().forward(features)
        seen = features.float() if features.dtype in (torch.float16, torch.bfloat16) else features
        number = count() * seen.numel() // seen.shape[1]
        mean = all_reduce(seen.sum((0, 2, 3))) / number
        centred = seen - mean[:, None, None]
        variance = all_reduce((centred**2).sum((0, 2, 3))) / number
        with torch.no_grad():
            self.num_batches_tracked += 1
            self.running_mean.lerp_(mean, self.momentum)
            self.running_var.lerp_(variance * number / max(number - 1, 1), self.momentum)
        scaled = centred * torch.rsqrt(variance + self.eps)[:, None, None]
        if self.affine:
            scaled = scaled * self.weight[:, None, None] + self.bias[:, None, None]
        return scaled.to(features.dtype)


class _WholeDropout(nn.Dropout):
    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return features * _own(super().forward(_ones(features, features.shape[1:])))


class _WholeDropout2d(nn.Dropout2d):
    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return features * _own(super().forward(_ones(features, (features.shape[1], 1, 1))))


def _ones(features: torch.Tensor, of_each: Sequence[int]) -> torch.Tensor:
    """Ones for the whole batch, laid out in memory as the features are: chances are drawn in that order."""
    ones = torch.ones((count() * len(features), *of_each), dtype=features.dtype, device=features.device)
    last = features.dim() == 4 and features.is_contiguous(memory_format=torch.channels_last)
    return ones.contiguous(memory_format=torch.channels_last) if last else ones


def _own(kept: torch.Tensor) -> torch.Tensor:
    return kept.chunk(count())[rank()]

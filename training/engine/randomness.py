"""All chance of a training, as a function of its seed and of a step's number."""

from __future__ import annotations

import numpy as np
import torch

from . import distributed


def step_seed(*numbers: int) -> int:
    """A seed of 63 bits that follows from a few whole numbers, and is not like that of their neighbours."""
    return int(np.random.SeedSequence(numbers).generate_state(1, np.uint64)[0] >> 1)


class PictureRandom:
    """Random numbers for each picture of a batch: drawn for the whole batch, of which a process gets those of its own share.

    Args:
        batch: pictures of all processes together. share: this process's.
    """

    def __init__(self, device: torch.device, seed: int, batch: int, share: slice = slice(None)) -> None:
        self._device, self._batch, self._share = device, batch, share
        self._generator = torch.Generator(device).manual_seed(seed)

    def rand(self, *shape: int) -> torch.Tensor:
        """Uniform numbers from 0 to 1, float32 (pictures, ...)."""
        return torch.rand((self._batch, *shape), generator=self._generator, device=self._device)[self._share]

    def randn(self, *shape: int) -> torch.Tensor:
        """Normal numbers, float32 (pictures, ...)."""
        return torch.randn((self._batch, *shape), generator=self._generator, device=self._device)[self._share]


def step_random(device: torch.device, seed: int, step: int, batch: int) -> PictureRandom:
    """The random numbers of a step for this process's pictures."""
    return PictureRandom(device, step_seed(seed, step, 1), batch, distributed.share(batch))


def epoch_numbers(pictures: int, batch: int, seed: int, step: int) -> np.ndarray:
    """Numbers of the pictures of a step, int64 (batch,): every picture once in random order before any comes again."""
    places = np.arange(step * batch, (step + 1) * batch)
    orders = {epoch: np.random.default_rng([seed, epoch, 2]).permutation(pictures) for epoch in np.unique(places // pictures)}
    return np.array([orders[place // pictures][place % pictures] for place in places])

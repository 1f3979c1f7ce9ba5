"""All chance of a training, as a function of its seed and of a step's number."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch

from . import distributed


def step_seed(*numbers: int) -> int:
    """A seed of 63 bits that follows from a few whole numbers, and is not like that of their neighbours."""
    return int(np.random.SeedSequence(numbers).generate_state(1, np.uint64)[0] >> 1)


def augmented(
    augment: Callable[..., Sequence[torch.Tensor]], seed: int, step: int, batch: int, *pictures: torch.Tensor, stream: int = 1
):
    """Augment this process's pictures of a step, each group of them with a seed of its own.

    Args:
        augment: takes some of the pictures and a random generator on their device; gives tensors, whose first axis is the picture.
        batch: pictures of all processes together. stream: another one gives other chances at the same step.
    """
    size, first = distributed.group_size(batch), distributed.share(batch).start
    random, groups = torch.Generator(pictures[0].device), []
    for start in range(0, len(pictures[0]), size):
        random.manual_seed(step_seed(seed, step, (first + start) // size, stream))
        groups.append(augment(*(each[start : start + size] for each in pictures), random))
    return tuple(torch.cat(parts) for parts in zip(*groups, strict=True))


def epoch_numbers(pictures: int, batch: int, seed: int, step: int) -> np.ndarray:
    """Numbers of the pictures of a step, int64 (batch,): every picture once in random order before any comes again."""
    places = np.arange(step * batch, (step + 1) * batch)
    orders = {epoch: np.random.default_rng([seed, epoch, 2]).permutation(pictures) for epoch in np.unique(places // pictures)}
    return np.array([orders[place // pictures][place % pictures] for place in places])

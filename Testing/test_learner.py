"""The running average of the weights, which is what a training gives."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from training.learner import Learner, Pace, averaged_weights

CPU = torch.device("cpu")


class OneWeight(nn.Module):
    def __init__(self, value: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor([value]))
        self.register_buffer("seen", torch.tensor([value]))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.weight * images


def averages(values: list[float], pace: Pace) -> list[float]:
    """The running average after each of these values of the weight, the first of which it begins with."""
    network = OneWeight(values[0])
    learner = Learner(network, pace, CPU)
    found = []
    for value in values:
        with torch.no_grad():
            network.weight.fill_(value)
            network.seen.fill_(value)
        learner.average.update_parameters(network)
        found.append(learner.average.module.weight.item())
        assert learner.average.module.seen.item() == pytest.approx(found[-1])
    return found


def test_the_average_warms_up_so_that_the_first_weights_are_soon_forgotten():
    """The decay is (1 + n) / (10 + n) at the n-th update until that reaches the recipe's own, as in TensorFlow's average."""
    expected, average = [], 1.0
    for count in range(100):
        if count:  # the first update copies
            decay = min(0.998, (1 + count) / (10 + count))
            average = decay * average
        expected.append(average)
    found = averages([1.0] + [0.0] * 99, Pace(average=0.998))
    assert found == pytest.approx(expected, abs=1e-6)
    assert found[99] < 1e-3  # without the warm-up 0.82 of the random first weights would still be there


@pytest.mark.parametrize("decay", [0.5, 0.9])
def test_after_the_warm_up_the_decay_is_the_recipes(decay):
    found = averages([0.0] * 200 + [1.0] * 5, Pace(average=decay))
    assert found[-5:] == pytest.approx([1 - decay**number for number in range(1, 6)], abs=1e-5)


def test_what_a_checkpoint_gives_is_the_average_and_not_the_last_step(tmp_path):
    torch.manual_seed(1)
    learner = Learner(OneWeight(5.0), Pace(rate=0.5), CPU)
    for _ in range(30):
        learner.learn((learner.network(torch.ones(1)) ** 2).sum(), 0.5)
    learner.save(tmp_path / "checkpoint.safetensors")
    kept = float(averaged_weights(tmp_path / "checkpoint.safetensors")["weight"])
    assert kept == pytest.approx(learner.average.module.weight.item())
    assert abs(kept - learner.network.weight.item()) > 1e-3

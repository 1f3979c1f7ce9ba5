"""The running average of the weights, which is what a training gives."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from training.learner import Budget, Learner, Pace, Watched, averaged_weights, best_of, halved

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


def test_a_budget_ends_with_what_comes_first():
    both = Budget(minutes=2, steps=100)
    assert both.done(60, 20) == pytest.approx(0.5) and both.done(12, 80) == pytest.approx(0.8)
    assert Budget(steps=10).done(1e9, 5) == pytest.approx(0.5) and Budget(minutes=1).done(60, 10**9) == pytest.approx(1)


def test_a_training_of_some_steps_keeps_the_average_that_was_best_when_watched(tmp_path):
    learner = Learner(OneWeight(5.0), Pace(rate=0.5, average=0.0), CPU)
    seen: list[float] = []

    def step(done: float) -> torch.Tensor:
        return learner.learn((learner.network(torch.ones(1)) ** 2).sum(), done)

    def watch() -> Watched:
        seen.append(learner.average.module.weight.item())
        return Watched(1.0 if len(seen) == 2 else 0.0, "")

    file = tmp_path / "checkpoint.safetensors"
    learner.run(Budget(steps=12), file, step, watch, lambda line: None, watch_every=4)
    assert learner.step_count == 12 and len(seen) == 4 and seen[1] != pytest.approx(seen[3], rel=1e-2)
    assert float(averaged_weights(best_of(file))["weight"]) == pytest.approx(seen[1], rel=1e-3)
    assert float(averaged_weights(file)["weight"]) == pytest.approx(seen[3], rel=1e-6)
    assert best_of(file).stat().st_size < file.stat().st_size


def test_statistics_of_batch_norms_keep_their_precision():
    made = halved({"norm.running_var": torch.tensor([1e-7]), "weight": torch.tensor([0.1]), "seen": torch.tensor([3])})
    assert [value.dtype for value in made.values()] == [torch.float32, torch.float16, torch.int64]

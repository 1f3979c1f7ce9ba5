"""A bundle's network: loaded with its weights or refused, and made quicker without another answer."""

from __future__ import annotations

import pytest
import torch
from LesionReadingLib.errors import InputError
from LesionReadingLib.model.batch_norms import fold_batch_norms
from LesionReadingLib.model.bundle import write_bundle
from LesionReadingLib.model.prediction import load_network
from safetensors.torch import save
from torch import nn


class TwoBranches(nn.Module):
    """Convolutions and batch norms as MONAI's ResNet names them, and one batch norm that has no convolution before it."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.BatchNorm2d(1)
        self.conv1 = nn.Conv2d(1, 5, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(5)
        self.rest = nn.Sequential(nn.ReLU(), nn.Conv2d(5, 4, 1), nn.BatchNorm2d(4))

    def forward(self, images):
        return self.rest(self.bn1(self.conv1(self.first(images))))


def with_random_statistics(network: nn.Module) -> nn.Module:
    torch.manual_seed(3)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            for tensor in (module.running_mean, module.bias.data):
                tensor.normal_()
            for tensor in (module.running_var, module.weight.data):
                tensor.uniform_(0.5, 2)
    return network.eval()


def test_folding_batch_norms_changes_nothing_but_the_work():
    network = with_random_statistics(TwoBranches())
    folded = fold_batch_norms(network)
    images = torch.rand(2, 1, 12, 12)
    torch.testing.assert_close(folded(images), network(images), rtol=1e-4, atol=1e-5)
    assert [name for name, module in folded.named_modules() if isinstance(module, nn.BatchNorm2d)] == ["first"]
    assert sum(isinstance(module, nn.BatchNorm2d) for module in network.modules()) == 3


def bundle_of(folder, network: nn.Module, network_class: str, **arguments):
    return write_bundle(
        folder / "bundle",
        "a-task",
        network_class=network_class,
        network_arguments=arguments,
        weights=save(network.state_dict()),
        metadata={},
        card="",
        licence="",
    )


def test_a_network_comes_back_with_its_weights(tmp_path):
    network = nn.Linear(3, 2)
    loaded = load_network(bundle_of(tmp_path, network, "Line", in_features=3, out_features=2), {"Line": nn.Linear})
    assert torch.equal(loaded.weight, network.weight) and not loaded.training


@pytest.mark.parametrize(
    ("network_class", "arguments", "reason"),
    [
        ("os.system", {"command": "true"}, "does not know"),
        ("Line", {"in_features": 4, "out_features": 2}, "do not fit"),
        ("Line", {"in_features": 10**12, "out_features": 10**6}, "do not fit"),
        ("Line", {"depth": 3}, "do not fit"),
        ("Line", {"in_features": "three", "out_features": 2}, "do not fit"),
    ],
)
def test_a_network_that_is_unknown_or_does_not_fit_is_refused(tmp_path, network_class, arguments, reason):
    bundle = bundle_of(tmp_path, nn.Linear(3, 2), network_class, **arguments)
    with pytest.raises(InputError, match=reason):
        load_network(bundle, {"Line": nn.Linear})


def weights_with(value: float, place: str) -> nn.Module:
    network = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2))
    with torch.no_grad():
        dict(network.state_dict())[place].view(-1)[-1] = value
    return network


def a_line_and_a_norm() -> nn.Module:
    return nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize("place", ["0.weight", "0.bias", "1.running_mean", "1.running_var"])
def test_weights_that_are_no_finite_numbers_are_refused(tmp_path, value, place):
    bundle = bundle_of(tmp_path, weights_with(value, place), "Net")
    with pytest.raises(InputError, match="no finite numbers") as caught:
        load_network(bundle, {"Net": a_line_and_a_norm})
    assert caught.value.code == "model"


def test_half_precision_that_overflowed_is_refused(tmp_path):
    bundle = bundle_of(tmp_path, weights_with(1e6, "0.weight").half(), "Net")
    with pytest.raises(InputError, match="no finite numbers"):
        load_network(bundle, {"Net": a_line_and_a_norm})


@pytest.mark.parametrize(
    "arguments",
    [
        {"in_features": 0, "out_features": -2},
        {"in_features": [1] * 1000, "out_features": 2},
        {"in_features": {"deep": [10**9]}, "out_features": 2},
        {"in_features": 3, "out_features": 2, "dropout": 2},
        {},
    ],
)
def test_arguments_out_of_range_are_refused_whatever_the_network_makes_of_them(tmp_path, arguments):
    def build(in_features=None, out_features=None, dropout=0.0):
        nn.Dropout(dropout)
        return nn.Linear(in_features // 1, out_features)

    bundle = bundle_of(tmp_path, nn.Linear(3, 2), "Line", **arguments)
    with pytest.raises(InputError, match="do not fit"):
        load_network(bundle, {"Line": build})

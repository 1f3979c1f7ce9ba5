"""Convolution, batch norm and ReLU in one pass over memory."""

import pytest
import torch
from OCTCalciumLib.model.rectified import Rectified, in_one_pass, rectified
from torch import nn


def some_features(dtype=torch.float32, channels=16):
    torch.manual_seed(0)
    return torch.randn(2, channels, 24, 20).to(dtype, memory_format=torch.channels_last)


def a_convolution(dtype=torch.float32, **options):
    torch.manual_seed(1)
    return nn.Conv2d(16, 16, 3, padding=1, **options).to(dtype, memory_format=torch.channels_last).eval()


@pytest.mark.parametrize("options", [{}, {"groups": 16}, {"stride": 2}], ids=["plain", "each channel alone", "strided"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@torch.inference_mode()
def test_one_pass_gives_the_very_numbers_of_a_convolution_and_a_relu_behind_it(dtype, options):
    convolution, features = a_convolution(dtype, **options), some_features(dtype)
    assert torch.equal(rectified(convolution, nn.Identity(), features), torch.relu(convolution(features)))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@torch.inference_mode()
def test_what_goes_beside_is_added_before_the_relu_and_rounded_once(dtype):
    convolution, features, beside = a_convolution(dtype), some_features(dtype), some_features(dtype).flip(3)
    exact = torch.relu(convolution.double()(features.double()) + beside.double())
    convolution.to(dtype)
    found = rectified(convolution, nn.Identity(), features, beside)
    torch.testing.assert_close(found.double(), exact, rtol=torch.finfo(dtype).eps, atol=1e-5)
    norm = nn.BatchNorm2d(16).to(dtype).eval()  # one that is not folded: the long way
    long_way = rectified(convolution, norm, features, beside)
    torch.testing.assert_close(long_way, torch.relu(norm(convolution(features)) + beside))


def test_a_network_that_learns_goes_through_its_batch_norms():
    network = Rectified(nn.Conv2d(16, 8, 1, bias=False), nn.Conv2d(8, 4, 1, bias=False)).train()
    features = some_features()
    plain = nn.Sequential(*network)
    torch.testing.assert_close(network(features), plain(features))
    network(features).sum().backward()
    assert all(parameter.grad is not None for parameter in network.parameters())


@pytest.mark.parametrize("broken", [AttributeError("gone"), TypeError("other arguments"), None], ids=["gone", "other", "wrong"])
@torch.inference_mode()
def test_a_pytorch_that_calculates_it_otherwise_goes_the_long_way(monkeypatch, broken):
    def operator(features, *_):
        if broken:
            raise broken
        return features

    monkeypatch.setattr(torch.ops.mkldnn, "_convolution_pointwise", operator)
    in_one_pass.cache_clear()
    convolution, features = a_convolution(), some_features()
    try:
        found = rectified(convolution, nn.Identity(), features, features)
    finally:
        in_one_pass.cache_clear()
    assert torch.equal(found, torch.relu(convolution(features) + features))


class _Doubled(nn.Conv2d):
    def forward(self, features):
        return 2 * super().forward(features)


@torch.inference_mode()
def test_a_convolution_with_a_way_of_its_own_keeps_it():
    convolution, features = _Doubled(16, 16, 1).eval(), some_features()
    assert torch.equal(rectified(convolution, nn.Identity(), features), torch.relu(convolution(features)))

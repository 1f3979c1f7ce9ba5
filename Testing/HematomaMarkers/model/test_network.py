"""The joint network: wavelet pooling, the two stages, the mask, and what of it can be folded."""

from __future__ import annotations

import re

import numpy as np
import pytest
import pywt
import torch
from HematomaMarkersLib.labels import HEMATOMA
from HematomaMarkersLib.model.network import MARGIN_PIXELS, JointNetwork, hematoma_mask, surroundings
from HematomaMarkersLib.model.unet import DepthwiseConvolution, HematomaUNet, NarrowEfficientNet
from HematomaMarkersLib.model.wavelet import WaveletPooling
from LesionReadingLib.model.batch_norms import fold_batch_norms
from monai.networks.nets import EfficientNetEncoder, FlexibleUNet
from torch import nn

SIZE = 64


def small_network(**arguments) -> JointNetwork:
    torch.manual_seed(3)
    return JointNetwork(**{"width": 0.1, "marker_width": 0.05, **arguments}).eval()


def some_images(count: int = 2, size: int = SIZE) -> torch.Tensor:
    return torch.rand(count, 1, size, size, generator=torch.Generator().manual_seed(1))


def a_square_mask(count: int = 2, size: int = SIZE) -> torch.Tensor:
    mask = torch.zeros(count, 1, size, size)
    mask[:, :, 24:34, 26:40] = 1
    return mask


@pytest.mark.parametrize("wavelet", ["haar", "db2", "db3", "sym4", "coif1", "bior2.2", "bior1.3"])
def test_wavelet_pooling_gives_pywavelets_numbers(wavelet):
    images = torch.randn(2, 3, 32, 48, generator=torch.Generator().manual_seed(0))
    ll, (hl, lh, hh) = pywt.dwt2(images.numpy(), wavelet, mode="periodization")
    pooled = WaveletPooling(wavelet)(images).numpy()
    assert pooled.shape == (2, 12, 16, 24)
    np.testing.assert_allclose(pooled, np.concatenate([ll, lh, hl, hh], axis=1), atol=1e-5)


def test_a_network_learns_through_a_wavelet_that_was_first_used_for_inference():
    pooling = WaveletPooling("db3")
    with torch.inference_mode():
        pooling(torch.rand(1, 2, 16, 16))
    features = torch.rand(1, 2, 16, 16, requires_grad=True)
    (pooling(features) ** 2).sum().backward()
    assert torch.allclose(features.grad, 2 * features, atol=1e-4)  # the transform keeps the sum of squares


def test_the_second_letter_of_a_subband_is_the_filter_along_the_columns():
    stripes = torch.zeros(1, 1, 8, 8)
    stripes[..., ::2] = 1  # changes from column to column only
    ll, lh, hl, hh = WaveletPooling("haar")(stripes)[0].abs().amax(dim=(1, 2)).tolist()
    assert ll == pytest.approx(1) and lh == pytest.approx(1) and hl == pytest.approx(0) and hh == pytest.approx(0)


@pytest.mark.parametrize("wavelet", ["haar", "db2", "sym4"])
def test_wavelet_pooling_loses_nothing_of_an_image(wavelet):
    images = some_images()
    assert float(WaveletPooling(wavelet)(images).square().sum()) == pytest.approx(float(images.square().sum()), rel=1e-4)


@torch.inference_mode()
def test_the_encoder_gives_five_features_each_half_as_large():
    shapes = [tuple(feature.shape[1:]) for feature in NarrowEfficientNet(0.2)(some_images())]
    assert shapes == [(channels, SIZE >> n, SIZE >> n) for n, channels in enumerate(NarrowEfficientNet.channels(0.2), start=1)]


def test_the_encoder_at_full_width_is_as_wide_as_the_published_b3():
    published = EfficientNetEncoder.num_channels_per_output()[EfficientNetEncoder.get_encoder_names().index("efficientnet-b3")]
    assert NarrowEfficientNet.channels(1.0) == published


@pytest.fixture(scope="module")
def monais_and_ours():
    """MONAI's network and ours as they begin a training, at the published width."""
    torch.manual_seed(5)
    return FlexibleUNet(1, 3, "efficientnet-b3"), HematomaUNet(1.0, 3)


def test_the_unet_begins_with_numbers_spread_as_monais(monais_and_ours):
    monai, ours = monais_and_ours
    theirs = monai.state_dict()
    for name, weight in ours.named_parameters():
        if weight.numel() > 5000:
            assert float(weight.std()) == pytest.approx(float(theirs[name].std()), rel=0.1), name


def test_the_unet_is_monais_but_for_its_padding_in_training_too(monais_and_ours):
    monai, ours = monais_and_ours
    theirs = {name: value for name, value in monai.state_dict().items() if not re.match(r"encoder\._(conv_head|bn1|fc)", name)}
    ours.load_state_dict(theirs)
    for layer in list(monai.encoder.modules()):
        for name, convolution in list(layer.named_children()):
            if isinstance(convolution, nn.Conv2d):  # MONAI pads what strides at its end alone
                convolution.padding = tuple(size // 2 for size in convolution.kernel_size)
                setattr(layer, f"{name}_padding", nn.Identity())
    for learns in (False, True):
        answers = []
        for network in (monai.train(learns), ours.train(learns)):
            torch.manual_seed(4)  # of the blocks that are left out in training
            answers.append(network(some_images()))
        torch.testing.assert_close(*answers, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("arguments", [{}, {"wavelet": "db2"}, {"pooling": "max"}, {"mask_input": False}])
def test_every_variant_gives_scores_of_every_pixel_and_four_logits(arguments):
    scores, logits = small_network(**arguments)(some_images())
    assert scores.shape == (2, 3, SIZE, SIZE) and logits.shape == (2, 4)


def test_another_kind_of_pooling_is_refused():
    with pytest.raises(ValueError, match="pooling"):
        small_network(pooling="mean")


@torch.inference_mode()
def test_without_a_mask_the_markers_see_the_one_that_the_unet_finds():
    network, images = small_network(), some_images()
    network.segmentation.segmentation_head[0].bias.copy_(torch.tensor([0.0, 0.0, -9.0]))
    scores, logits = network(images)
    found = hematoma_mask(scores)
    assert found.any() and torch.equal(found[:, 0], scores.argmax(1) == HEMATOMA)
    assert torch.allclose(logits, network(images, found.float())[1])
    assert not torch.allclose(logits, network(images, a_square_mask())[1])


@torch.inference_mode()
def test_with_the_mask_the_markers_see_nothing_far_from_the_hematoma():
    network, images, mask = small_network(), some_images(), a_square_mask()
    features = network.segment(images)[1]
    near = surroundings(mask)
    assert int(near[0, 0].sum()) == (10 + 2 * MARGIN_PIXELS) * (14 + 2 * MARGIN_PIXELS)
    elsewhere = torch.where(near > 0, images, 1 - images)
    at_the_margin = torch.where(near > mask, 1 - images, images)
    first, second, third = (network.markers(seen, features, mask) for seen in (images, elsewhere, at_the_margin))
    assert torch.equal(first, second)
    assert not torch.allclose(first, third, atol=1e-6)


@torch.inference_mode()
def test_without_the_mask_the_markers_see_the_whole_slice():
    network, images, mask = small_network(mask_input=False), some_images(), a_square_mask()
    features = network.segment(images)[1]
    elsewhere = torch.where(surroundings(mask) > 0, images, 1 - images)
    assert not torch.allclose(network.markers(images, features, mask), network.markers(elsewhere, features, mask), atol=1e-6)
    assert torch.equal(network.markers(images, features, mask), network.markers(images, features, torch.zeros_like(mask)))


@torch.inference_mode()
@pytest.mark.parametrize("place", [(0, 0), (24, 30)])
def test_an_empty_mask_gives_numbers(place):
    mask = torch.zeros(2, 1, SIZE, SIZE)
    mask[1, 0, place[0], place[1]] = 1
    assert torch.isfinite(small_network()(some_images(), mask)[1]).all()


def test_the_second_stage_leaves_every_number_of_the_unet_as_it_was():
    network = small_network().train()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    optimizer = torch.optim.SGD(network.learn_markers(), 0.1)
    network(some_images(), a_square_mask())[1].square().sum().backward()
    optimizer.step()
    changed = {name for name, value in network.state_dict().items() if not torch.equal(value, before[name])}
    assert changed and all(name.startswith("markers.") for name in changed)
    assert any("running_mean" in name for name in changed)


def test_the_first_stage_leaves_every_number_of_the_markers_as_it_was():
    network = small_network().train()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    optimizer = torch.optim.SGD(network.learn_segmentation(), 0.1)
    network.segment(some_images())[0].square().sum().backward()
    optimizer.step()
    changed = {name for name, value in network.state_dict().items() if not torch.equal(value, before[name])}
    assert changed and all(name.startswith("segmentation.") for name in changed)


@torch.inference_mode()
def test_all_batch_norms_fold_without_a_change_of_the_answer():
    network, random = small_network(), torch.Generator().manual_seed(2)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1, generator=random)
            module.running_var.uniform_(0.5, 2, generator=random)
            module.weight.uniform_(0.5, 2, generator=random)
            module.bias.normal_(0, 0.1, generator=random)
    folded = fold_batch_norms(network)
    assert not any(isinstance(module, nn.BatchNorm2d) for module in folded.modules())
    for plain, quick in zip(network(some_images(), a_square_mask()), folded(some_images(), a_square_mask()), strict=True):
        torch.testing.assert_close(quick, plain, rtol=1e-3, atol=1e-4)


def test_depthwise_convolutions_learn_in_single_precision_whatever_the_others_do():
    convolution = DepthwiseConvolution(8, 8, 5, padding=2, groups=8, bias=False)
    features = torch.rand(2, 8, 16, 16, generator=torch.Generator().manual_seed(0)).bfloat16()
    with torch.autocast("cpu", torch.bfloat16):
        answer = convolution(features)
    exact = torch.nn.functional.conv2d(features.float(), convolution.weight, padding=2, groups=8)
    (expected,) = torch.autograd.grad(exact.sum(), convolution.weight)
    (found,) = torch.autograd.grad(answer.float().sum(), convolution.weight)
    assert answer.dtype == torch.bfloat16
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)

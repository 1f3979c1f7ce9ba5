"""The network and the way of a frame into it and back."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from monai.networks.nets.resnet import ResNet
from OCTCalciumLib.letterbox import Letterbox
from OCTCalciumLib.model.network import DeepLabV3Plus, DilatedDepthwise, enlarged_by_products
from OCTCalciumLib.model.preparation import network_input
from OCTCalciumLib.model.resnet import ResNet50
from torch.nn import functional


@pytest.mark.parametrize("size", [(64, 64), (96, 64), (50, 77)])
def test_scores_have_the_size_of_the_images(size):
    scores = DeepLabV3Plus(classes=4, width=4).eval()(torch.rand(2, 1, *size))
    assert scores.shape == (2, 4, *size) and scores.dtype == torch.float32


def test_the_full_width_is_the_published_resnet_50():
    # 25,557,032 parameters (He 2016, as torchvision counts them) less the classifier and two of the three input channels.
    with torch.device("meta"):
        encoder = ResNet50(64)
    assert sum(parameter.numel() for parameter in encoder.parameters()) == 25_557_032 - 2_049_000 - 2 * 7 * 7 * 64


def monais_resnet_50() -> ResNet:
    blocks, channels = [3, 4, 6, 3], [4, 8, 16, 32]
    return ResNet("bottleneck", blocks, channels, 2, 1, conv1_t_stride=2, feed_forward=False, bias_downsample=False).eval()


def test_up_to_the_dilated_stage_the_encoder_is_monais():
    monai, ours = monais_resnet_50(), ResNet50(4).eval()
    ours.load_state_dict(monai.state_dict())
    images = torch.rand(2, 1, 64, 96)
    fine = monai.layer1(monai.maxpool(monai.act(monai.bn1(monai.conv1(images)))))
    torch.testing.assert_close(ours(images)[0], fine, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(ours.layer3(ours.layer2(fine)), monai.layer3(monai.layer2(fine)), rtol=1e-4, atol=1e-5)


def test_the_encoder_begins_with_the_spread_of_numbers_that_monais_has():
    theirs = monais_resnet_50().state_dict()
    for name, weight in ResNet50(4).named_parameters():
        if weight.numel() > 2000:
            assert float(weight.std()) == pytest.approx(float(theirs[name].std()), rel=0.1)


def test_the_dilated_stage_sees_what_the_strided_weights_saw():
    torch.manual_seed(0)
    strided = monais_resnet_50()
    dilated = ResNet50(4).eval()
    dilated.load_state_dict(strided.state_dict())
    features = torch.rand(1, 64, 12, 16)
    fine = dilated.layer4(features)
    assert fine.shape[-2:] == (12, 16)
    torch.testing.assert_close(fine[..., ::2, ::2], strided.layer4(features), rtol=1e-4, atol=1e-4)


def test_a_pixel_far_away_can_change_the_answer():
    torch.manual_seed(0)
    network = DeepLabV3Plus(classes=4, width=4).eval()
    images = torch.rand(1, 1, 256, 256).requires_grad_()
    network(images)[0, :, 0, 0].sum().backward()
    assert images.grad[0, 0, 255, 255] != 0


@pytest.mark.parametrize("dilation", [1, 6, 12])
def test_depthwise_convolutions_learn_the_right_gradient_in_bfloat16(dilation):
    torch.manual_seed(0)
    channels, side = 512, 32
    convolution = DilatedDepthwise(channels, channels, 3, padding=dilation, dilation=dilation, groups=channels, bias=False)
    convolution.to(memory_format=torch.channels_last)
    images = torch.rand(4, channels, side, side).to(memory_format=torch.channels_last)
    slope = torch.rand(4, channels, side, side)
    with torch.autocast("cpu", torch.bfloat16):
        answer = convolution(images)
    answer.backward(slope.to(answer.dtype))
    shifted = functional.pad(images, (dilation, 0, dilation, 0))[..., :side, :side]  # what the kernel's first weight sees
    for weight, seen in ((convolution.weight.grad[:, 0, 0, 0], shifted), (convolution.weight.grad[:, 0, 1, 1], images)):
        torch.testing.assert_close(weight, (seen * slope).sum(dim=(0, 2, 3)), rtol=0.02, atol=0.02)


@pytest.mark.parametrize("size", [(32, 32), (25, 40), (5, 7)])
@pytest.mark.parametrize("dilation", [6, 12, 18])
def test_depthwise_convolutions_learn_what_a_plain_convolution_does(dilation, size):
    torch.manual_seed(0)
    convolution = DilatedDepthwise(8, 8, 3, padding=dilation, dilation=dilation, groups=8, bias=False)
    features, slope = torch.rand(2, 8, *size, requires_grad=True), torch.rand(2, 8, *size)
    plain = functional.conv2d(features, convolution.weight, padding=dilation, dilation=dilation, groups=8)
    found = convolution(features)
    torch.testing.assert_close(found, plain)
    learnt = (features, convolution.weight)
    for own, right in zip(torch.autograd.grad(found, learnt, slope), torch.autograd.grad(plain, learnt, slope), strict=True):
        torch.testing.assert_close(own, right, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("size", [(32, 32), (25, 40), (5, 7)])
@pytest.mark.parametrize("dilation", [6, 12, 18])
def test_depthwise_convolutions_predict_what_a_plain_convolution_does(dilation, size):
    torch.manual_seed(0)
    convolution = DilatedDepthwise(8, 8, 3, padding=dilation, dilation=dilation, groups=8).eval()
    features = torch.rand(2, 8, *size)
    plain = functional.conv2d(features, convolution.weight, convolution.bias, padding=dilation, dilation=dilation, groups=8)
    torch.testing.assert_close(convolution(features), plain)


SIZES = [(512, 512), (1024, 1024), (704, 704), (300, 300), (750, 500), (333, 1001), (513, 511), (1, 40)]


@pytest.mark.parametrize("size", SIZES)
def test_a_frame_of_any_size_fills_the_square_as_far_as_its_proportions_allow(size):
    box = Letterbox(*size)
    square = box.square(np.full(size, 200, np.uint8))
    assert square.shape == (512, 512) and square.dtype == np.uint8
    rows, columns = np.flatnonzero(square.any(axis=1)), np.flatnonzero(square.any(axis=0))
    assert max(len(rows), len(columns)) == 512
    assert abs(len(rows) / 512 - max(size[0] / max(size), 1 / 512)) <= 0.5 / 512
    assert abs(len(columns) / 512 - size[1] / max(size)) <= 0.5 / 512
    assert abs(rows[0] - (511 - rows[-1])) <= 1 and abs(columns[0] - (511 - columns[-1])) <= 1
    assert set(np.unique(square)) <= {0, 200}


@pytest.mark.parametrize("size", [size for size in SIZES if min(size) > 1])
def test_labels_come_back_to_where_they_were(size):
    rows, columns = np.mgrid[: size[0], : size[1]]
    centre, radius = (0.45 * size[0], 0.55 * size[1]), 0.3 * min(size)
    disc = ((rows - centre[0]) ** 2 + (columns - centre[1]) ** 2 < radius**2).astype(np.uint8) * 3
    box = Letterbox(*size)
    back = box.frame_labels(box.square_labels(disc))
    assert back.shape == size and back.dtype == np.uint8
    dice = 2 * ((back == 3) & (disc == 3)).sum() / ((back == 3).sum() + (disc == 3).sum())
    assert dice > 0.985
    found = np.array([rows[back == 3].mean(), columns[back == 3].mean()])
    np.testing.assert_allclose(found, centre, atol=0.5 * max(1, max(size) / 512))


def test_grey_and_labels_lie_on_the_same_pixels_of_the_square():
    frame = np.zeros((700, 900), np.uint8)
    frame[200:500, 300:700] = 1
    box = Letterbox(700, 900)
    grey, labels = box.square(frame * 255) > 127, box.square_labels(frame) == 1
    assert (grey ^ labels).sum() <= 0.01 * labels.sum()


def test_shrinking_averages_speckle_instead_of_picking_from_it():
    speckle = np.random.default_rng(0).integers(0, 256, (2048, 2048)).astype(np.uint8)
    square = Letterbox(2048, 2048).square(speckle)
    assert square.std() < 0.4 * speckle.std()
    assert abs(float(square.mean()) - float(speckle.mean())) < 1


def test_the_network_takes_grey_as_zero_to_one():
    images = network_input(torch.tensor([[[0, 51], [102, 255]]], dtype=torch.uint8))
    torch.testing.assert_close(images, torch.tensor([[[[0.0, 0.2], [0.4, 1.0]]]]))


@pytest.mark.parametrize(("before", "after"), [((5, 7), (20, 28)), ((16, 9), (5, 9)), ((3, 4), (7, 11))])
def test_features_that_a_gpu_enlarges_while_learning_are_pytorchs_own(before, after):
    features = torch.randn(2, 3, *before, dtype=torch.float64, generator=torch.Generator().manual_seed(0), requires_grad=True)
    theirs = functional.interpolate(features, size=after, mode="bilinear", align_corners=False)
    own = enlarged_by_products(features, after)
    assert torch.allclose(own, theirs, atol=1e-6) and own.shape == theirs.shape
    weight = torch.randn(theirs.shape, dtype=torch.float64)
    gradients = [torch.autograd.grad((found * weight).sum(), features)[0] for found in (own, theirs)]
    assert torch.allclose(*gradients, atol=1e-5)

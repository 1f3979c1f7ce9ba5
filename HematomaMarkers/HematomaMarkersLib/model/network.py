"""The joint network: a U-Net finds the hematoma, a wavelet VGG16 joined with its encoder tells the markers of the slice."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from monai.networks.nets import FlexibleUNet
from monai.networks.nets.efficientnet import EfficientNet, EfficientNetEncoder, MBConvBlock, _round_filters
from monai.networks.nets.flexible_unet import FLEXUNET_BACKBONE
from torch import nn
from torch.nn import functional

from ..labels import HEMATOMA, MARKERS, NAMES
from .wavelet import WaveletPooling

# The seven stages of EfficientNet-b0 (Tan and Le 2019, arXiv:1905.11946, table 1) in MONAI's notation: repeats, kernel, strides,
# expansion, channels in and out, squeeze ratio. b3 is 1.2 times as wide and 1.4 times as deep.
_STAGES = (
    "r1_k3_s11_e1_i32_o16_se0.25",
    "r2_k3_s22_e6_i16_o24_se0.25",
    "r2_k5_s22_e6_i24_o40_se0.25",
    "r3_k3_s22_e6_i40_o80_se0.25",
    "r3_k5_s11_e6_i80_o112_se0.25",
    "r4_k5_s22_e6_i112_o192_se0.25",
    "r1_k3_s11_e6_i192_o320_se0.25",
)
_B3_WIDTH, _B3_DEPTH = 1.2, 1.4
_DECODER_CHANNELS = (256, 128, 64, 32, 16)
_VGG16 = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))  # channels and convolutions of the blocks (arXiv:1409.1556, column D)
_VGG_INITIAL_CHANNELS = 8
MARGIN_PIXELS = 6
"""How far around the hematoma (network pixels of 0.9 mm) the markers may be looked for: its margin belongs to them."""


class JointNetwork(nn.Module):
    """Hematoma and markers of a slice, in the two stages in which they are learnt.

    Stage 1, ``segmentation``: MONAI's ``FlexibleUNet`` on EfficientNet-b3. Stage 2, ``markers``: a VGG16 whose pooling is a
    wavelet transform, joined with the features of the U-Net's encoder, through which nothing is learnt in stage 2.

    Args:
        width: of the U-Net; 1 is the published EfficientNet-b3 with a decoder of 256 to 16 channels.
        marker_width: of the VGG16; 1 is the published one.
        wavelet: name in pywavelets. pooling: ``"wavelet"``, or ``"max"`` for a plain VGG16.
        mask_input: whether the markers are looked for only in and around the hematoma, and its mask is told to the VGG16.
        classes: of the U-Net: those of ``labels.NAMES``, or one more, which is blood outside the brain.
    """

    def __init__(
        self,
        width: float = 0.5,
        marker_width: float = 0.25,
        wavelet: str = "haar",
        pooling: str = "wavelet",
        mask_input: bool = True,
        classes: int = len(NAMES),
    ) -> None:
        super().__init__()
        self.classes = classes
        self.segmentation = hematoma_unet(width, classes)
        self.markers = MarkerNetwork(NarrowEfficientNet.channels(width), marker_width, wavelet, pooling, mask_input)

    def forward(self, images: torch.Tensor, mask: torch.Tensor | None = None) -> tuple[torch.Tensor, torch.Tensor]:
        """Give class scores (batch, classes, rows, columns) and marker logits (batch, markers) of slices.

        Args:
            images: (batch, 1, rows, columns) in [0, 1]; rows and columns are multiples of 32.
            mask: (batch, 1, rows, columns), 1 in the hematoma; None takes the one that the U-Net finds.
        """
        scores, features = self.segment(images)
        if mask is None:
            mask = hematoma_mask(scores).to(images.dtype)
        return scores, self.markers(images, [feature.detach() for feature in features], mask)

    def segment(self, images: torch.Tensor) -> tuple[torch.Tensor, list[torch.Tensor]]:
        """Give class scores (batch, classes, rows, columns) and the encoder's features at strides 2, 4, 8, 16, 32."""
        unet = self.segmentation
        features = unet.encoder(images)
        return unet.segmentation_head(unet.decoder(features, unet.skip_connect)), features

    def learn_segmentation(self) -> list[nn.Parameter]:
        """Set stage 1: the U-Net in training, the markers at rest. Give the parameters to learn."""
        return _only_learning(self.segmentation, self.markers)

    def learn_markers(self) -> list[nn.Parameter]:
        """Set stage 2: the markers in training, the U-Net frozen, its batch norms too. Give the parameters to learn.

        Call it again after ``eval()``; a plain ``train()`` would wake the U-Net's batch norms.
        """
        return _only_learning(self.markers, self.segmentation)


class MarkerNetwork(nn.Module):
    """VGG16 with wavelet pooling whose blocks 2 to 5 also see the features of the U-Net's encoder of their size.

    Args:
        feature_channels: of the encoder at strides 2, 4, 8, 16 (and more, which are not used).
        width, wavelet, pooling, mask_input: as in ``JointNetwork``.
    """

    def __init__(self, feature_channels: Sequence[int], width: float, wavelet: str, pooling: str, mask_input: bool) -> None:
        super().__init__()
        if pooling not in ("wavelet", "max"):
            raise ValueError(f"pooling is 'wavelet' or 'max', not {pooling!r}")
        self.mask_input = mask_input
        channels = [max(_VGG_INITIAL_CHANNELS, round(width * published)) for published, _ in _VGG16]
        pool, bands = (WaveletPooling(wavelet), 4) if pooling == "wavelet" else (nn.MaxPool2d(2), 1)
        self.first = _convolutions(2 if mask_input else 1, channels[0], _VGG16[0][1])
        joined = [
            JoinedBlock(pool, bands * before, feature, after, convolutions)
            for before, feature, after, (_, convolutions) in zip(channels, feature_channels, channels[1:], _VGG16[1:], strict=False)
        ]
        self.fine = nn.ModuleList(joined[:-1])
        self.tail = MarkerTail(joined[-1], channels[3] + channels[4])

    def forward(self, images: torch.Tensor, features: Sequence[torch.Tensor], mask: torch.Tensor) -> torch.Tensor:
        """Give logits (batch, markers).

        Args:
            images: (batch, 1, rows, columns) in [0, 1]. mask: the same shape, 1 in the hematoma.
            features: the encoder's, at strides 2, 4, 8, 16.
        """
        return self.tail(*self.until_tail(images, features, mask))

    def region(self, mask: torch.Tensor) -> torch.Tensor:
        """Give where the markers are looked for, of the mask's shape: in and around the hematoma, or everywhere."""
        return surroundings(mask) if self.mask_input else torch.ones_like(mask)

    def until_tail(
        self, images: torch.Tensor, features: Sequence[torch.Tensor], mask: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Give what ``tail`` takes: activations and region at stride 8, and the encoder's features at stride 16."""
        region = self.region(mask)
        inputs = torch.cat([images * region, mask], dim=1) if self.mask_input else images
        activations = self.first(inputs)
        for block, feature in zip(self.fine, features, strict=False):
            activations = block(activations, feature)
        region = functional.max_pool2d(region, 8)
        return activations * region, features[len(self.fine)], region


class MarkerTail(nn.Module):
    """VGG16's last block, and the markers from the largest and the mean activation of the last two blocks.

    It begins with ``entry``, the layer that Grad-CAM looks at: a heat map costs only this part of the network again.
    """

    def __init__(self, block: JoinedBlock, channels: int) -> None:
        super().__init__()
        self.entry = nn.Identity()
        self.block = block
        self.logits = nn.Sequential(nn.Dropout(0.2), nn.Linear(2 * channels, len(MARKERS)))

    def forward(self, activations: torch.Tensor, feature: torch.Tensor, region: torch.Tensor) -> torch.Tensor:
        """Give logits (batch, markers) of activations at stride 8, the encoder's feature at stride 16, the region at stride 8."""
        fine = self.entry(activations)
        coarse = self.block(fine, feature)
        pooled = [*_pooled(fine, region), *_pooled(coarse, functional.max_pool2d(region, 2))]
        return self.logits(torch.cat(pooled, dim=1))


class JoinedBlock(nn.Module):
    """Pooling, the encoder's features of the new size beside it, and VGG's convolutions on both."""

    def __init__(self, pool: nn.Module, pooled_channels: int, feature_channels: int, channels: int, convolutions: int) -> None:
        super().__init__()
        self.pool = pool
        reduced = max(_VGG_INITIAL_CHANNELS, channels // 4)
        self.reduce = _convolutions(feature_channels, reduced, 1, kernel=1)
        self.convolutions = _convolutions(pooled_channels + reduced, channels, convolutions)

    def forward(self, activations: torch.Tensor, feature: torch.Tensor) -> torch.Tensor:
        return self.convolutions(torch.cat([self.pool(activations), self.reduce(feature)], dim=1))


class NarrowEfficientNet(EfficientNetEncoder):
    """MONAI's EfficientNet-b3 encoder at a multiple of its width, without the head that classifies photographs.

    It pads evenly inside its convolutions, and calls SiLU where MONAI's swish is the same in more steps: quicker.

    Args:
        width: 1 is the published b3; channels are rounded to multiples of 8 as EfficientNet does.
    """

    def __init__(self, width: float, in_channels: int, spatial_dims: int = 2, pretrained: bool = False) -> None:
        EfficientNet.__init__(
            self,
            blocks_args_str=list(_STAGES),
            spatial_dims=spatial_dims,
            in_channels=in_channels,
            num_classes=1,
            width_coefficient=_B3_WIDTH * width,
            depth_coefficient=_B3_DEPTH,
        )
        for unused in ("_conv_head", "_conv_head_padding", "_bn1", "_avg_pooling", "_dropout", "_fc"):
            delattr(self, unused)
        for module in self.modules():
            if isinstance(module, EfficientNet | MBConvBlock):
                module._swish = nn.SiLU()
                for name, layer in list(module.named_children()):
                    if isinstance(layer, nn.Conv2d):
                        layer.padding = tuple(size // 2 for size in layer.kernel_size)
                        setattr(module, f"{name}_padding", nn.Identity())

    def seen_by_markers(self) -> list[nn.Module]:
        """The layers that lead to the features at strides 2 to 16, which the markers' network is joined with."""
        return [self._conv_stem, self._bn0, *self._blocks[:5]]

    @staticmethod
    def channels(width: float) -> tuple[int, ...]:
        """Channels of the features at strides 2, 4, 8, 16 and 32."""
        return tuple(_round_filters(published, _B3_WIDTH * width, 8) for published in (16, 24, 40, 112, 320))

    def _initialize_weights(self) -> None:
        if not self._conv_stem.weight.is_meta:  # there are no numbers to set, and that takes long
            super()._initialize_weights()


def hematoma_unet(width: float, classes: int = len(NAMES)) -> FlexibleUNet:
    """Give MONAI's FlexibleUNet on EfficientNet-b3, all layers scaled by ``width``: one grey channel in, scores of classes out."""
    channels = NarrowEfficientNet.channels(width)
    name = f"efficientnet-b3 x {width:g}"
    FLEXUNET_BACKBONE.register_dict[name] = {
        "type": NarrowEfficientNet,
        "feature_number": len(channels),
        "feature_channel": channels,
        "parameter": {"width": width, "in_channels": 1, "spatial_dims": 2, "pretrained": False},
    }
    decoder = tuple(max(8, round(width * published / 8) * 8) for published in _DECODER_CHANNELS)
    return FlexibleUNet(1, classes, name, decoder_channels=decoder)


def hematoma_mask(scores: torch.Tensor) -> torch.Tensor:
    """Give bool (batch, 1, rows, columns), true where hematoma has the highest of the scores (batch, classes, rows, columns)."""
    return scores.argmax(dim=1, keepdim=True) == HEMATOMA


def surroundings(mask: torch.Tensor) -> torch.Tensor:
    """Give the mask (batch, 1, rows, columns) widened by ``MARGIN_PIXELS`` to all sides."""
    return functional.max_pool2d(mask, 2 * MARGIN_PIXELS + 1, stride=1, padding=MARGIN_PIXELS)


def _only_learning(learning: nn.Module, resting: nn.Module) -> list[nn.Parameter]:
    learning.train().requires_grad_(True)
    resting.eval().requires_grad_(False)
    return list(learning.parameters())


def _pooled(activations: torch.Tensor, region: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The largest and the mean activation in the region, (batch, channels) each; zeros where the region is empty."""
    inside = activations * region
    return inside.amax(dim=(2, 3)), inside.sum(dim=(2, 3)) / region.sum(dim=(2, 3)).clamp(min=1)


def _convolutions(in_channels: int, channels: int, count: int, kernel: int = 3) -> nn.Sequential:
    layers: list[nn.Module] = []
    for number in range(count):
        layers += [
            nn.Conv2d(channels if number else in_channels, channels, kernel, padding=kernel // 2, bias=False),
            nn.BatchNorm2d(channels),
            nn.ReLU(inplace=True),
        ]
    return nn.Sequential(*layers)

"""Which parts of a slice speak for a marker: Grad-CAM on the last fine layer of the marker network."""

from __future__ import annotations

import torch
from monai.visualize import GradCAM
from torch import nn

from ..labels import MARKERS


class MarkerHeat:
    """Grad-CAM (Selvaraju 2017, arXiv:1610.02391) of all markers, by MONAI; made once for a network.

    Only the network's tail is run and differentiated again for each marker: it begins with the layer that is looked at. MONAI's
    own normaliser, which turns 0 and 1 round and stretches every picture for itself, is left out: the heat stays comparable
    between slices.

    Args:
        tail: in eval mode and float32; ``tail(activations, feature, region)`` gives logits (batch, markers) and hands
            ``activations`` through its layer ``entry``.
    """

    def __init__(self, tail: nn.Module) -> None:
        tail.requires_grad_(False)
        self._cam = GradCAM(tail, "entry", upsampler=lambda size: _untouched, postprocessing=_untouched)

    def __call__(self, activations: torch.Tensor, feature: torch.Tensor, region: torch.Tensor) -> torch.Tensor:
        """Give the heat (batch, markers, rows, columns) at the size of the activations, 0 and more, not normalised."""
        with torch.inference_mode(False), torch.enable_grad():
            activations, feature, region = (tensor.detach().clone() for tensor in (activations, feature, region))
            activations.requires_grad_(True)
            heat = [self._cam(activations, class_idx=number, feature=feature, region=region) for number in range(len(MARKERS))]
        return torch.cat(heat, dim=1).detach()


def _untouched(heat: torch.Tensor) -> torch.Tensor:
    return heat

"""Which parts of a slice speak for a marker: Grad-CAM on the last fine layer of the marker network."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional


def marker_heat(tail: nn.Module, activations: torch.Tensor, feature: torch.Tensor, region: torch.Tensor) -> torch.Tensor:
    """Give the Grad-CAM (Selvaraju 2017, arXiv:1610.02391) of all markers, not normalised: it is comparable between slices.

    Only the network's tail is run again, and differentiated for each marker, from the activations that come into it.

    Args:
        tail: in eval mode and float32; ``tail(activations, feature, region)`` gives logits (batch, markers).
        activations: (batch, channels, rows, columns).

    Returns:
        (batch, markers, rows, columns), 0 and more.
    """
    with torch.inference_mode(False), torch.enable_grad():
        activations, feature, region = (tensor.detach().clone() for tensor in (activations, feature, region))
        logits = tail(activations.requires_grad_(True), feature, region)
        slopes = [torch.autograd.grad(of_marker.sum(), activations, retain_graph=True)[0] for of_marker in logits.unbind(1)]
    weights = (slope.mean((2, 3), keepdim=True) for slope in slopes)
    return functional.relu(torch.cat([(weight * activations.detach()).sum(1, keepdim=True) for weight in weights], dim=1))

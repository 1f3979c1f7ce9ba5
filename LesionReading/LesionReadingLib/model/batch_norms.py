"""Batch norms folded into the layers before them, which makes a network quicker and changes no answer."""

from __future__ import annotations

from copy import deepcopy

from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval


def fold_batch_norms(network: nn.Module) -> nn.Module:
    """Give a copy of a network in eval mode whose batch norms are folded into the convolutions directly before them.

    Directly before means: the two are neighbours in the order in which their module registers them, as in MONAI's networks
    and in every ``nn.Sequential`` of ours. What does nothing (``nn.Identity``) does not part neighbours, and the batch norm may
    be the first of an ``nn.Sequential``, as in MONAI's blocks.
    """
    network = deepcopy(network)
    for module in list(network.modules()):
        before_name, before = "", None
        for name, child in list(module.named_children()):
            owner, inner_name, inner = _first_layer(module, name, child)
            if isinstance(before, nn.modules.conv._ConvNd) and isinstance(inner, nn.modules.batchnorm._BatchNorm):
                setattr(module, before_name, fuse_conv_bn_eval(before, inner))
                setattr(owner, inner_name, nn.Identity())
            if not isinstance(child, nn.Identity):
                before_name, before = name, child
    return network


def _first_layer(owner: nn.Module, name: str, module: nn.Module) -> tuple[nn.Module, str, nn.Module]:
    """The layer that a module begins with, after its owner and its name there: itself, but for an ``nn.Sequential``."""
    while isinstance(module, nn.Sequential) and len(module):
        owner = module
        name, module = next(iter(module.named_children()))
    return owner, name, module

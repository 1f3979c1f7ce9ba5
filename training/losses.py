"""The loss of segmentations: Dice and cross-entropy of a whole batch, its classes weighed."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from monai.losses import DiceLoss
from torch import nn


class DiceCrossEntropy(nn.Module):
    """MONAI's ``DiceCELoss`` without what a GPU must be waited for: whether a weight is negative, and which pixels count.

    Args:
        weights: one for each class. label_smoothing: of the cross-entropy.
    """

    def __init__(self, weights: Sequence[float], label_smoothing: float) -> None:
        super().__init__()
        self.register_buffer("weights", torch.tensor(weights))
        self._dice = DiceLoss(to_onehot_y=True, softmax=True, batch=True, reduction="none")
        self._entropy = nn.CrossEntropyLoss(torch.tensor(weights), reduction="none", label_smoothing=label_smoothing)

    def forward(self, scores: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        """Loss of scores (batch, classes, rows, columns) with label maps (batch, 1, rows, columns)."""
        of_classes, true = self._dice(scores, targets).flatten(), targets[:, 0].long()
        entropy = self._entropy(scores, true).sum() / self.weights[true].sum()
        return (of_classes * self.weights).mean() + entropy

"""The loss of segmentations: Dice and cross-entropy of a whole batch, its classes weighed."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from monai.losses import DiceLoss
from torch import nn


class DiceCrossEntropy(nn.Module):
    """MONAI's ``DiceCELoss``, but for its look at every step whether a weight is negative: a GPU would have to be waited for.

    Args:
        weights: one for each class. label_smoothing: of the cross-entropy.
    """

    def __init__(self, weights: Sequence[float], label_smoothing: float) -> None:
        super().__init__()
        self.register_buffer("weights", torch.tensor(weights))
        self._dice = DiceLoss(to_onehot_y=True, softmax=True, batch=True, reduction="none")
        self._entropy = nn.CrossEntropyLoss(weight=torch.tensor(weights), label_smoothing=label_smoothing)

    def forward(self, scores: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        """Loss of scores (batch, classes, rows, columns) with label maps (batch, 1, rows, columns)."""
        of_classes = self._dice(scores, targets).flatten()
        return (of_classes * self.weights).mean() + self._entropy(scores, targets[:, 0].long())

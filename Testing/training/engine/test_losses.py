"""The loss of segmentations."""

from __future__ import annotations

import pytest
import torch
from monai.losses import DiceCELoss

from training.losses import DiceCrossEntropy


@pytest.mark.parametrize("classes", [3, 4])
def test_dice_and_cross_entropy_are_monais_own(classes: int) -> None:
    torch.manual_seed(classes)
    weights = (1.0, 2.0, 1.5, 0.5)[:classes]
    scores, targets = torch.randn(5, classes, 9, 7), torch.randint(0, classes, (5, 1, 9, 7)).float()
    theirs = DiceCELoss(to_onehot_y=True, softmax=True, batch=True, weight=torch.tensor(weights), label_smoothing=0.02)
    own = DiceCrossEntropy(weights, label_smoothing=0.02)
    assert own(scores, targets).item() == pytest.approx(theirs(scores, targets).item(), rel=1e-6)
    assert DiceCrossEntropy((1.0,) * classes, 0.02)(scores, targets).item() != pytest.approx(own(scores, targets).item(), rel=1e-3)

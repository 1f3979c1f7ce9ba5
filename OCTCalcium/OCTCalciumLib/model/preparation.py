"""What the network is given: squares (``letterbox``) whose grey 0..255 becomes 0..1."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


def network_input(squares: Tensor) -> Tensor:
    """Give the network's input, float (batch, 1, rows, columns) of 0..1, for squares, uint8 (batch, rows, columns)."""
    return squares[:, None].float() / 255

"""Pooling by a discrete wavelet transform: half the size, and nothing of the texture is lost."""

from __future__ import annotations

import pywt
import torch
from torch import nn
from torch.nn import functional


class WaveletPooling(nn.Module):
    """One level of the 2D discrete wavelet transform of every channel, with periodic borders.

    The four subbands stand after one another in the channels: all LL, all LH, all HL, all HH, where the first letter tells the
    filter along the rows' index (down), the second the one along the columns' index: pywt's cA, cV, cH, cD. Values are those of
    ``pywt.dwt2(..., mode="periodization")``: an orthonormal transform, whose LL of a constant is twice that constant. The
    filters are fixed. Rows and columns must be even.

    Args:
        wavelet: any discrete wavelet of pywt's, for example ``"haar"``, ``"db2"``, ``"sym4"``, ``"bior2.2"``.
    """

    def __init__(self, wavelet: str = "haar") -> None:
        super().__init__()
        bank = pywt.Wavelet(wavelet)
        # pywt convolves, torch correlates: hence the reversed filters.
        low, high = (torch.tensor(taps[::-1], dtype=torch.float32) for taps in (bank.dec_lo, bank.dec_hi))
        filters = torch.stack([torch.outer(down, across) for down in (low, high) for across in (low, high)])
        self.register_buffer("filters", filters[:, None])
        before = bank.dec_len // 2 - 1
        self._border = (before, before, before, before)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Give (batch, 4 channels, rows / 2, columns / 2) of (batch, channels, rows, columns)."""
        channels = features.shape[1]
        if any(self._border):
            features = functional.pad(features, self._border, mode="circular")
        kernel = self.filters.repeat_interleave(channels, dim=0).to(features.dtype)
        bands = [
            functional.conv2d(features, kernel[first : first + channels], stride=2, groups=channels)
            for first in range(0, 4 * channels, channels)
        ]
        return torch.cat(bands, dim=1)

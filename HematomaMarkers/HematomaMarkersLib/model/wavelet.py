"""Pooling by a discrete wavelet transform: half the size, and nothing of the texture is lost."""

from __future__ import annotations

from functools import cache

import numpy as np
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
        self._wavelet = wavelet
        self._border = (pywt.Wavelet(wavelet).dec_len // 2 - 1,) * 4

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Give (batch, 4 channels, rows / 2, columns / 2) of (batch, channels, rows, columns)."""
        channels = features.shape[1]
        if any(self._border):
            features = functional.pad(features, self._border, mode="circular")
        filters = _filters(self._wavelet, features.dtype, features.device)
        bands = [functional.conv2d(features, band.expand(channels, 1, -1, -1), stride=2, groups=channels) for band in filters]
        return torch.cat(bands, dim=1)


@cache
def _filters(wavelet: str, dtype: torch.dtype, device: torch.device) -> torch.Tensor:
    """The four filters (4, taps, taps) of LL, LH, HL and HH. They are fixed, so they are no part of the weights."""
    bank = pywt.Wavelet(wavelet)
    low, high = (np.array(taps[::-1]) for taps in (bank.dec_lo, bank.dec_hi))  # pywt convolves, torch correlates
    filters = np.stack([np.outer(down, across) for down in (low, high) for across in (low, high)])
    with torch.inference_mode(False):  # whoever asks first: a network may learn through them later
        return torch.tensor(filters, dtype=dtype, device=device)

"""Memory that large calculations have freed, given back to the system."""

from __future__ import annotations

import ctypes
import sys
from contextlib import suppress


def give_back_freed() -> None:
    """Give back what was freed and what the C library keeps for the next who asks: after a network, hundreds of megabytes.

    On Linux with glibc (malloc_trim(3)); nothing elsewhere.
    """
    if sys.platform == "linux":
        with suppress(AttributeError, OSError):
            ctypes.CDLL(None).malloc_trim(0)

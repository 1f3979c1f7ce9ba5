"""Small files beside the data that others may be reading: whole at any moment."""

from __future__ import annotations

import os
import secrets
from pathlib import Path


def write_whole(file: Path, content: bytes) -> None:
    """Write a file beside its place, then put it there; its folder is made where it is missing.

    Raises:
        OSError: it cannot be written; what stood there before still does, and nothing is left beside it.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    beside = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    try:
        beside.write_bytes(content)
        os.replace(beside, file)
    except OSError:
        beside.unlink(missing_ok=True)
        raise

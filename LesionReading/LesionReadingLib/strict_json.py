"""JSON of anyone: finite numbers only, bounded in size and depth."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

DEEPEST = 32
_LONGEST_WHOLE = 18  # digits


def read_json(file: Path, most_bytes: int) -> Any:
    """The content of a JSON file.

    Args:
        most_bytes: that are read.

    Raises:
        OSError: no readable plain file.
        ValueError: larger, no JSON, nested beyond ``DEEPEST``, or with a number that is not finite.
    """
    if not file.is_file():  # a device or a pipe would never end
        raise FileNotFoundError(file)
    with open(file, "rb") as opened:
        content = opened.read(most_bytes + 1)
    if len(content) > most_bytes:
        raise ValueError("too large")
    try:
        found = json.loads(content.decode("utf-8"), parse_constant=_refuse, parse_float=_finite, parse_int=_whole)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    _check_depth(found)
    return found


def _refuse(constant: str) -> float:
    raise ValueError(f"{constant} is no number of JSON")


def _finite(text: str) -> float:
    if not math.isfinite(value := float(text)):
        raise ValueError(f"{text} is beyond all numbers")
    return value


def _whole(text: str) -> int:
    if len(text) > _LONGEST_WHOLE:
        raise ValueError(f"{text[:_LONGEST_WHOLE]} is beyond all numbers")
    return int(text)


def _check_depth(found: Any) -> None:
    layer = [found]
    for _ in range(DEEPEST):
        layer = [inner for outer in layer for inner in _contents(outer)]
    if layer:
        raise ValueError("nested too deeply")


def _contents(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []

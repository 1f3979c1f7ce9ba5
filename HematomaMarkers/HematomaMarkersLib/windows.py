"""Windows in Hounsfield units, by name: which HU are black and white differs between institutions."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path

from LesionReadingLib.errors import InputError
from LesionReadingLib.language import _

BONE_HU = 250
"""Only bone and metal are as dense."""

TABLE = Path(__file__).parent / "data/windows.toml"
DEFAULT = "default"


@cache
def windows() -> dict[str, tuple[float, float]]:
    """Give the named windows: lower and upper end in HU."""
    return {name: (float(low), float(high)) for name, (low, high) in tomllib.loads(TABLE.read_text(encoding="utf-8")).items()}


def window_of(words: list[str]) -> tuple[float, float]:
    """Give the window (lower, upper) in HU that a person asked for.

    Args:
        words: of the command line: one name of the table, or the two ends.

    Raises:
        InputError: the name is not in the table, the ends are not numbers, or the upper one is not above the lower one.
    """
    if len(words) == 1 and words[0] in windows():
        return windows()[words[0]]
    if len(words) != 2:
        known = ", ".join(
            _("{name} ({low:g} to {high:g} HU)").format(name=name, low=low, high=high) for name, (low, high) in windows().items()
        )
        raise InputError(
            _("There is no window {listed}; give its two ends in HU, as in --window 0 80, or a name: {known}.").format(
                listed=" ".join(words), known=known
            )
        )
    try:
        low, high = (float(word) for word in words)
    except ValueError as error:
        raise InputError(
            _("The window {listed} is not two numbers; give its ends in HU, as in --window 0 80.").format(listed=" ".join(words))
        ) from error
    if not -1024 <= low < high <= 4096:
        raise InputError(
            _(
                "The window {low:g} to {high:g} HU cannot be used: the second end must be above the first, within -1024 to 4096."
            ).format(low=low, high=high)
        )
    return low, high

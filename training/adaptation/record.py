"""What an adapted bundle says of where it comes from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from LesionReadingLib.model.bundle import Bundle

ADAPTED = "adapted"
"""Under this name ``eval_metrics`` keep what adapting gained."""


def adapted_metadata(before: Bundle, learnt_from: str, recipe: Mapping[str, Any], figures: Mapping[str, Any]) -> dict[str, Any]:
    """The metadata of a bundle after adapting; the figures of the one before, which are not its own, are left out.

    Args:
        learnt_from: a sentence. recipe: for ``training``. figures: before and after, as the card's table takes them.
    """
    return {
        **{name: value for name, value in before.metadata.items() if name != "lesion_reading"},
        "data_source": learnt_from + " Before that: " + before.metadata["data_source"],
        "training": {**recipe, "adapted_from": before.name, "adapted_from_sha256": before.summary()["weights_sha256"]},
        "eval_metrics": {ADAPTED: dict(figures)},
    }

"""Tables in Markdown: the same text on the screen and in a model card."""

from __future__ import annotations

from collections.abc import Sequence


def markdown_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def with_interval(value: float | None, low: float | None, high: float | None, form: str = ".3f") -> str:
    """A figure with its 95 % interval where it is known; a dash where the figure is not."""
    interval = "" if low is None else f" ({low:{form}} to {high:{form}})"
    return "-" if value is None else f"{value:{form}}{interval}"

"""Tables as CSV: one row per record; units are in the headers, absent values are empty."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

Columns = Mapping[str, Callable[[Any], Any]]
"""Header -> how its value is taken from a record: a number, a text, or None where there is none."""


def write_table(path: Path, columns: Columns, records: Iterable[Any]) -> None:
    """Write one row per record."""
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows([_cell(value(record)) for value in columns.values()] for record in records)


def _cell(value: Any) -> Any:
    """Four decimals: finer than any of the numbers is known. Not a number is none."""
    if value is None or value != value:
        return ""
    return round(float(value), 4) if isinstance(value, float) else value

"""The table of a batch: a row per study as CSV and as a page that leads to the reports, and what a paper says of all of them."""

from __future__ import annotations

import csv
import io
import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ...language import N_, _
from ...presenting.report import PARTS, environment
from ...strict_json import read_json

MOST_BYTES = 100_000_000
FIRST, LAST = ("folder", "study"), ("seconds", "code", "message")


def rows_of(records: Iterable[Mapping], output: Path, columns: Mapping[str, Callable[[dict], Any]]) -> list[dict[str, Any]]:
    """A row per study: what is known of it, and its numbers where it is done.

    Args:
        columns: header -> its value of a study's ``measurements.json``.
    """
    rows = []
    for record in records:
        measured = _measurements(output / record["folder"]) if record["status"] == "done" else None
        numbers = {name: _number(value, measured) for name, value in columns.items()}
        named = {"input": record["source"]} if "source" in record else {}
        begins = {name: record[name] for name in FIRST}
        rows.append({**begins, **named, N_("status"): record["status"], **numbers, **{name: record.get(name, "") for name in LAST}})
    return rows


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """The rows as CSV, units in the headers, absent values empty."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\r\n")
    writer.writeheader()
    writer.writerows({name: "" if value is None else value for name, value in row.items()} for row in rows)
    return text.getvalue()


def summary(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Of every column of numbers: how many, mean, standard deviation (of the sample, n - 1), median, lowest and highest."""
    found = []
    for name in rows[0] if rows else ():
        values = [row[name] for row in rows if isinstance(row[name], int | float) and not isinstance(row[name], bool)]
        if name in (*FIRST, *LAST) or not values:
            continue
        spread = statistics.stdev(values) if len(values) > 1 else None
        found.append(
            {
                "name": name,
                "n": len(values),
                "mean": _rounded(statistics.fmean(values)),
                "sd": _rounded(spread),
                "median": _rounded(statistics.median(values)),
                "lowest": min(values),
                "highest": max(values),
            }
        )
    return found


def page(rows: Sequence[Mapping[str, Any]], title: str) -> str:
    """The rows as an HTML page; a study that is done leads to its report, which lies beside the page."""
    shown = [name for name in rows[0] if name not in (*FIRST, *LAST)]
    made = environment(PARTS)
    made.filters |= {"cell": _cell, "title_of": _title}
    return made.get_template("batch.html").render(title=_(title), rows=rows, columns=shown, summary=summary(rows))


def _title(column: str) -> str:
    """The title of a column, whose header in the CSV file has one language and plain letters."""
    translated = _(column).replace("mm2", "mm²").replace("mm3", "mm³")
    return translated[0].upper() + translated[1:]


def _cell(value: Any) -> str:
    """A value as a person reads it: no more decimals than anyone compares."""
    if isinstance(value, float):
        return f"{value:.0f}" if value.is_integer() else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"
    return "" if value is None else _(str(value))


def _measurements(folder: Path) -> dict | None:
    """What a study measured; None where its folder was removed or changed."""
    try:
        found = read_json(folder / "measurements.json", MOST_BYTES)
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def _number(value: Callable[[dict], Any], measured: dict | None) -> Any:
    """A column's value; None where there is none, or where somebody changed what was measured."""
    try:
        return None if measured is None else _rounded(value(measured))
    except (LookupError, TypeError, AttributeError, ValueError):
        return None


def _rounded(value: Any) -> Any:
    """Three decimals: finer than any of the numbers is known. Not a number is none."""
    if not isinstance(value, float):
        return value
    return round(value, 3) if value == value else None

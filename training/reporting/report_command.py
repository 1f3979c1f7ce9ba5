"""The command ``python -m training report``."""

from __future__ import annotations

import argparse
from pathlib import Path

from ..wording import how_many


def add_report(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``report``."""
    parser.add_argument("runs", type=Path, nargs="+", metavar="RUN", help="folders of train or of evaluate -o, or JSON of evaluate")
    parser.add_argument("-o", "--output", type=Path, default=Path("report.html"), metavar="HTML", help="the page to write")
    parser.set_defaults(run=_report)


def _report(chosen: argparse.Namespace) -> None:
    from ..writing import write_text
    from .report import read_run, report_page

    page = report_page([read_run(run) for run in chosen.runs])
    chosen.output.parent.mkdir(parents=True, exist_ok=True)
    write_text(chosen.output, page)
    print(f"{how_many(len(chosen.runs), 'run')} on one page: {chosen.output}")

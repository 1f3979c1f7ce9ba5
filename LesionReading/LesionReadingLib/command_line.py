"""A module's command line: one of its commands run and reported."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from .language import speaking
from .process.guarded import guarded
from .worker import reporter, run_and_report


def run_command(parser: argparse.ArgumentParser, arguments: Sequence[str] | None = None) -> int:
    """Run the command that the arguments name, those of this process by default, and give its exit status.

    Args:
        parser: whose commands have the arguments of ``arguments.add_common`` and a default ``run(chosen, report)``.
    """
    chosen = parser.parse_args(arguments)
    with speaking(chosen.language):
        return guarded(
            lambda: run_and_report(lambda report: chosen.run(chosen, report), chosen.json_lines, chosen.with_identity),
            lambda sentence: reporter(chosen.json_lines).error("memory", sentence),
        )

"""A module's command line: one of its commands run and reported."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from .arguments import asked_language, speaking_argparse
from .language import speaking
from .process.guarded import guarded
from .reporting import reporter
from .worker import run_and_report


def run_command(make_parser: Callable[[], argparse.ArgumentParser], given: Sequence[str] | None = None) -> int:
    """Run the command that the arguments name, those of this process by default, and give its exit status.

    Args:
        make_parser: gives the parser, in the language of the context. Its commands have the arguments of
            ``arguments.add_common`` and a default ``run(chosen, report)``.
    """
    asked = asked_language(sys.argv[1:] if given is None else given)
    with speaking(asked), speaking_argparse(asked):
        chosen = make_parser().parse_args(given)
    keep_caches_out()
    with speaking(chosen.language):
        return guarded(
            lambda: run_and_report(lambda report: chosen.run(chosen, report), chosen.json_lines, chosen.with_identity),
            lambda sentence: reporter(chosen.json_lines).error("memory", sentence),
        )


def keep_caches_out() -> None:
    """PyTorch makes a folder for what it compiles in the temporary one, or fails where there is none; here nothing is compiled."""
    os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", str(Path(__file__).parent))  # there already, and nothing is written to it

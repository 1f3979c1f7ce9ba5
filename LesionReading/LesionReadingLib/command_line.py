"""A module's command line: one of its commands run and reported."""

from __future__ import annotations

import argparse
import gc
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from .arguments import chosen_language, speaking_argparse
from .language import speaking
from .process.guarded import guarded
from .reporting import reporter
from .worker import run_and_report

_OBJECTS_BETWEEN_LOOKS = 50_000
"""New objects after which Python looks for circles that nobody needs: by default after 700, which takes a second of processor time
of a long pullback, as PyTorch and the datasets of DICOM are many objects that stay. Pictures lie in no circles."""


def run_command(make_parser: Callable[[], argparse.ArgumentParser], given: Sequence[str] | None = None) -> int:
    """Run the command that the arguments name, those of this process by default, and give its exit status.

    Args:
        make_parser: gives the parser, in the language of the context. Its commands have the arguments of
            ``arguments.add_common`` and a default ``run(chosen, report)``.
    """
    chosen = chosen_language(sys.argv[1:] if given is None else given)
    with speaking(chosen), speaking_argparse(chosen):
        chosen = make_parser().parse_args(given)
    keep_caches_out()
    gc.set_threshold(_OBJECTS_BETWEEN_LOOKS)
    with speaking(chosen.language):
        return guarded(
            lambda: run_and_report(lambda report: chosen.run(chosen, report), chosen.json_lines, chosen.with_identity),
            lambda sentence: reporter(chosen.json_lines).error("memory", sentence),
        )


def keep_caches_out() -> None:
    """PyTorch makes a folder for what it compiles in the temporary one, or fails where there is none; here nothing is compiled."""
    os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", str(Path(__file__).parent))  # there already, and nothing is written to it

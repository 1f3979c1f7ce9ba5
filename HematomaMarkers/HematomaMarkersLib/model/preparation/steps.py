"""Which steps the preparation has, and how a command line leaves some out. Nothing heavy is imported."""

from __future__ import annotations

import argparse
from dataclasses import dataclass, fields

from LesionReadingLib.language import _


@dataclass(frozen=True)
class Steps:
    """Which steps of the preparation are done (the source's preparation, step by step).

    Attributes:
        headrest_removal: everything that is not the head becomes air.
        noise_removal: slices thinner than ``prepare.READING_THICKNESS_MM`` are averaged with their neighbours up to it.
        skull_removal: everything outside the skull's cavity becomes ``prepare.OUTSIDE_BRAIN_HU``.
        straightening: a head that lies turned within its slices is turned upright (``head_turn``), where the brain is looked for
            by one of its neighbours here.
        centring: the middle of the brain lies in the middle of the network's grid; else the middle of the image does.
    """

    headrest_removal: bool = True
    noise_removal: bool = True
    skull_removal: bool = True
    straightening: bool = True
    centring: bool = True


ALL_STEPS, NO_STEPS = Steps(), Steps(*[False] * len(fields(Steps)))


def add_without(parser: argparse.ArgumentParser) -> None:
    """Add ``--without``, whose words ``left_out`` understands."""
    words = [field.name.replace("_", "-") for field in fields(Steps)]
    listed = ", ".join(words)
    parser.add_argument(
        "--without",
        nargs="+",
        default=[],
        choices=words,
        metavar="STEP",
        help=_("preparation to leave out: {listed}").format(listed=listed),
    )


def left_out(words: list[str]) -> list[str]:
    """Names of the steps, as ``Steps`` has them, that a command line leaves out."""
    return [word.replace("-", "_") for word in words]

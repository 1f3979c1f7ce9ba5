"""How a page is written, as a person asks for it on the command line."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

from ..language import _


@dataclass(frozen=True)
class PageOptions:
    """How a page is written.

    Attributes:
        scroll: whether all frames or slices are in it, to scroll through.
        identity: whether the results name the patient.
        consequences: a person's file of what findings may mean, laid over the shipped one; None for none.
    """

    scroll: bool = True
    identity: bool = False
    consequences: Path | None = None


USUAL_PAGE = PageOptions()


def add_page(parser: argparse.ArgumentParser) -> None:
    """Let a command take the options of a page, beside ``arguments.add_common``."""
    parser.add_argument("--no-scroll", action="store_true", help=_("a small report without all frames to scroll through"))
    parser.add_argument(
        "--consequences", type=Path, metavar="FILE", help=_("TOML file with your own words on what findings may mean")
    )


def chosen_page(chosen: argparse.Namespace) -> PageOptions:
    """What the person chose."""
    return PageOptions(not chosen.no_scroll, chosen.with_identity, chosen.consequences)

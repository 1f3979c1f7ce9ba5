"""What a reader must know before a pullback's numbers: said first, told apart by code."""

from __future__ import annotations

from dataclasses import dataclass

NO_LUMEN = "no_lumen"
"""On some or all frames no lumen was found, so nothing can be said of calcium there."""

ULTRASOUND = "intravascular_ultrasound"
"""The file says that it is ultrasound, which the network never saw."""

NOT_OCT = "not_intravascular_oct"
"""Hardly a frame shows a dark lumen, a bright wall and light that fades: a photograph, another scan, a chart."""

FRAME_SPACING_UNUSUAL = "frame_spacing_unusual"
"""Frames lie farther apart, or nearer, than those of OCT pullbacks."""

PIXELS_NOT_SQUARE = "pixels_not_square"
"""The round picture is an ellipse, and no spacing says so."""


@dataclass(frozen=True)
class Caution:
    """One thing that a reader must know.

    Attributes:
        code: one of this file's constants, for programs.
        sentence: for people.
    """

    code: str
    sentence: str

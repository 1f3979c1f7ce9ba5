"""What a reader must know before a pullback's numbers: said first, told apart by code."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from LesionReadingLib.language import _, ngettext

from ..labels import LUMEN

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

SMALLEST_LUMEN = 5e-4
"""Share of the frame from which a label is a lumen: 0.02 mm2 where 6 mm are seen, a tenth of the smallest that are imaged."""


@dataclass(frozen=True)
class Caution:
    """One thing that a reader must know.

    Attributes:
        code: one of this file's constants, for programs.
        sentence: for people.
    """

    code: str
    sentence: str


def lumen_caution(labels: np.ndarray) -> Caution | None:
    """Say on how many frames a lumen was found, where that is not all: of the others nothing can be said.

    Args:
        labels: (frames, rows, columns), values of ``labels``, as a network gave them (``segmentation.segment`` leaves frames that
            show nothing without labels).
    """
    count = sum(bool(np.count_nonzero(frame == LUMEN) >= SMALLEST_LUMEN * frame.size) for frame in labels)
    total = len(labels)
    if count == total:
        return None
    if count == 0:
        none = ngettext(
            "No lumen was found on the only frame, so nothing can be said of calcium.",
            "No lumen was found on any of the {count} frames, so nothing can be said of calcium.",
            total,
        )
        return Caution(NO_LUMEN, none.format(count=total))
    some = _("A lumen was found on {count} of {total} frames; nothing can be said of calcium on the {others} others.")
    return Caution(NO_LUMEN, some.format(count=count, total=total, others=total - count))

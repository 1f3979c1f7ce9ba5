"""What a reader is cautioned about by the answer of a network: frames on which it found no lumen."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from LesionReadingLib.language import _, ngettext

from ..labels import LUMEN
from ..reading.cautions import NO_LUMEN, Caution
from ..reading.pullback import Pullback
from ..vessel.strays import SMALLEST_LUMEN


def with_lumen_caution(pullback: Pullback, labels: np.ndarray) -> Pullback:
    """The pullback with the caution on frames without a lumen, by the labels (frames, rows, columns) that a network gave it."""
    caution = lumen_caution(labels)
    return replace(pullback, cautions=(*pullback.cautions, caution)) if caution else pullback


def lumen_caution(labels: np.ndarray) -> Caution | None:
    """Say on how many frames a lumen was found, where that is not all: of the others nothing can be said.

    Args:
        labels: (frames, rows, columns), values of ``labels``, as a network gave them (``inference.segment`` leaves frames that
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

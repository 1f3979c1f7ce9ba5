"""Which pictures of a folder are frames: masks and drawings that lie beside them are left out."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from LesionReadingLib.errors import InputError
from LesionReadingLib.language import _, ngettext
from LesionReadingLib.reading.images import read_picture

from .display.luma import luma

_MASK_WORDS = frozenset(
    ("mask", "masks", "label", "labels", "seg", "segmentation", "gt", "truth", "annotation", "contour", "contours", "overlay")
) | {"calcium", "lumen", "plaque", "annotations"}
FEW_LEVELS = 8  # grey levels or colours; frames of OCT have hundreds
_MIDDLE = slice(24, 232)  # grey levels that a mask has only at its edges, where JPEG blurs them
_MOST_MIDDLE = 0.02  # share of such pixels
_ENOUGH = 0.25  # share of few-levelled pictures from which they are masks, not blank frames with marks


def frames_alone(paths: Sequence[Path]) -> tuple[list[Path], tuple[str, ...]]:
    """The pictures that are frames, and a sentence on what was left out.

    A mask is told by its values (few grey levels), with the others that are named like it, or by a name that is another picture's
    with a word such as "mask" or "calcium".

    Raises:
        InputError: all are masks.
    """
    masks = _named_masks(paths) | _masks_by_values(paths)
    frames = [path for path in paths if path not in masks]
    if not frames:
        raise InputError(
            ngettext(
                "The picture has only a few grey levels: masks, not OCT frames; choose the frames (a label map is measured with: "
                "oct-calcium measure).",
                "The pictures have only a few grey levels: masks, not OCT frames; choose the frames (a label map is measured with: "
                "oct-calcium measure).",
                len(paths),
            )
        )
    if not masks:
        return frames, ()
    return frames, (
        _("{masks} picture(s) beside the {frames} frames were left out: they are masks or drawings.").format(
            masks=len(masks), frames=len(frames)
        ),
    )


def _named_masks(paths: Sequence[Path]) -> set[Path]:
    """Pictures whose name is that of another one and a word for masks."""
    tokens = {path: re.findall(r"[a-z]+|\d+", path.stem.lower()) for path in paths}
    plain = {tuple(words) for words in tokens.values() if not _MASK_WORDS & set(words)}
    return {
        path
        for path, words in tokens.items()
        if _MASK_WORDS & set(words) and tuple(word for word in words if word not in _MASK_WORDS) in plain
    }


def _masks_by_values(paths: Sequence[Path]) -> set[Path]:
    levels = {path: _levels(path) for path in paths}
    series: dict[str, list[Path]] = defaultdict(list)
    for path in paths:
        series[re.sub(r"\d+", "#", path.stem.lower()) + path.suffix.lower()].append(path)
    masks = set()
    for members in series.values():
        if all(levels[path] for path in members) and any(levels[path] > 1 for path in members):
            masks |= set(members)
    few = {path for path in paths if levels[path] > 1}
    if len(few | masks) >= _ENOUGH * len(paths):
        return masks | few
    return set()


def _levels(path: Path) -> int:
    """How many grey levels or colours a mask has; 1 for a blank picture, 0 for one that is no mask."""
    values = read_picture(path, 0)
    if values.dtype == np.uint8:
        grey = np.bincount(luma(values).ravel(), minlength=256)
        if grey[: _MIDDLE.start].any() and grey[_MIDDLE.stop :].any() and grey[_MIDDLE].sum() <= _MOST_MIDDLE * grey.sum():
            return 2
        count = np.count_nonzero(grey)
    else:
        count = len(np.unique(values))
    return int(count) if count <= FEW_LEVELS else 0

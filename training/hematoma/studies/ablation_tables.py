"""The source study's tables as the experiments fill them, the study's own figures beside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from HematomaMarkersLib.labels import BLEND, HYPODENSITY, IRREGULAR_MARGIN, MARKER_NAMES

from ...reporting.markdown import markdown_table
from ...reporting.study import machine
from ..evaluation.tables import SOURCE_AUC, SOURCE_SEGMENTATION

_SEGMENTATION = {
    "random_split": ("random split", SOURCE_SEGMENTATION["source study, random split"]),
    "patient_split": ("patient split", SOURCE_SEGMENTATION["source study, patient split"]),
    "patient_split_prepared": ("patient split, prepared", SOURCE_SEGMENTATION["source study, patient split, prepared"]),
}
_LOCATION = {"putamen": ("0.9094", "0.8904"), "thalamus": ("0.8524", "0.8364"), "subcortical": ("0.8726", "0.8607")}
_MARKERS = {
    "vgg16": ("VGG16", SOURCE_AUC["source study, VGG16"]),
    "weighted_vgg16": ("weighted VGG16", SOURCE_AUC["source study, weighted VGG16"]),
    "wavelet_vgg16": ("wavelet VGG16", SOURCE_AUC["source study, wavelet VGG16"]),
    "weighted_wavelet_vgg16": ("weighted wavelet VGG16", SOURCE_AUC["source study, weighted wavelet VGG16"]),
    "weighted_wavelet_vgg16_with_mask": (
        "the same with mask (study: 4 institutions, where it was 0.655, 0.790, 0.559 without)",
        SOURCE_AUC["source study, weighted wavelet VGG16 with mask (4 institutions)"],
    ),
}
_SHOWN_MARKERS = (HYPODENSITY, IRREGULAR_MARGIN, BLEND)
HONESTY = (
    "Figures on validation slices of this folder, whose patients no training learnt from but for the random split. Phantoms and "
    "the study's patients are never comparable: compare rows, not columns. One run of one seed each: differences of a few "
    "hundredths say nothing, and fewer than some tens of validation patients say little of markers at all."
)


def ablation_tables(figures: Mapping[str, Mapping[str, Any]], command: str, minutes: float, device: torch.device) -> str:
    """All tables in Markdown.

    Args:
        figures: of ``run_ablations``, as far as there are any. command: that gave them. minutes: that this took in all.
    """
    return "\n\n".join(
        [
            "# The source study's experiments",
            HONESTY,
            f"`{command}`, {minutes:.0f} min, {machine(device)}.",
            "## Hematoma: split and preparation",
            markdown_table(
                ["", "Dice loss", "study", "IoU", "study", "F score", "study"],
                [_segmentation_row(figures.get(name), title, study) for name, (title, study) in _SEGMENTATION.items()],
            ),
            "## Hematoma: fine-tuning to a location, F score there",
            markdown_table(
                ["", "slices", "all data", "study", "fine-tuned", "study"],
                [_location_row(name, figures.get(f"tuned_{name}")) for name in _LOCATION],
            ),
            "## Markers, AUC over slices with a hematoma",
            markdown_table(
                ["", *(text for marker in _SHOWN_MARKERS for text in (MARKER_NAMES[marker].lower(), "study"))],
                [_marker_row(figures.get(name), title, study) for name, (title, study) in _MARKERS.items()],
            ),
        ]
    )


def _segmentation_row(own: Mapping[str, Any] | None, title: str, study: Sequence[str]) -> list[str]:
    names = ("dice_loss", "iou", "f_score")
    pairs = zip((own[name] if own else None for name in names), study, strict=True)
    return [title, *(text for found, theirs in pairs for text in (number(found, 4), theirs))]


def _location_row(name: str, own: Mapping[str, Any] | None) -> list[str]:
    before, after = _LOCATION[name]
    own = own or {"slices": None, "before": None, "after": None}
    count = "-" if own["slices"] is None else str(own["slices"])
    return [name, count, number(own["before"], 4), before, number(own["after"], 4), after]


def _marker_row(own: Mapping[str, Any] | None, title: str, study: Sequence[str]) -> list[str]:
    pairs = zip((own["auc"][marker] if own else None for marker in _SHOWN_MARKERS), study, strict=True)
    return [title, *(text for found, theirs in pairs for text in (number(found), theirs))]


def number(value: float | None, digits: int = 3) -> str:
    """A figure, or a dash where there is none."""
    return "-" if value is None or value != value else f"{value:.{digits}f}"

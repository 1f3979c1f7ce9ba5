"""The source study's tables as the experiments fill them, the study's own figures beside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from HematomaMarkersLib.labels import BLEND, HYPODENSITY, IRREGULAR_MARGIN, MARKER_NAMES

from ...reporting.markdown import markdown_table, with_interval
from ...wording import how_many
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
    "Figures on validation slices of this folder, whose patients no training learnt from but for the random split; in brackets "
    "95 % intervals over resampled patients. Phantoms and the study's patients are never comparable: compare rows, not columns. "
    "One run of one seed each, which the intervals do not hold: rows whose intervals overlap do not differ for all one knows."
)


def ablation_tables(figures: Mapping[str, Mapping[str, Any]], run: str) -> str:
    """All tables in Markdown.

    Args:
        figures: of ``run_ablations``, as far as there are any. run: a sentence of command, time and machine.
    """
    return "\n\n".join(
        [
            "# The source study's experiments",
            HONESTY,
            run,
            "## Hematoma: split and preparation",
            markdown_table(
                ["", "validation patients, slices", "Dice loss", "study", "IoU", "study", "F score (95 %)", "study"],
                [_segmentation_row(figures.get(name), title, study) for name, (title, study) in _SEGMENTATION.items()],
            ),
            "## Hematoma: fine-tuning to a location, F score there",
            markdown_table(
                ["", "validation patients, slices", "all data", "study", "fine-tuned", "study", "gain (95 %)"],
                [_location_row(name, figures.get(f"tuned_{name}")) for name in _LOCATION],
            ),
            "## Markers, AUC over slices with a hematoma",
            _of_markers(figures),
            markdown_table(
                ["", *(text for marker in _SHOWN_MARKERS for text in (f"{MARKER_NAMES[marker].lower()} (95 %)", "study"))],
                [_marker_row(figures.get(name), title, study) for name, (title, study) in _MARKERS.items()],
            ),
        ]
    )


def counted(own: Mapping[str, Any] | None) -> str:
    """How many patients and slices figures are of."""
    return f"{own['patients']}, {own['slices']}" if own else "-"


def _segmentation_row(own: Mapping[str, Any] | None, title: str, study: Sequence[str]) -> list[str]:
    if not own:
        return [title, "-", *(text for theirs in study for text in ("-", theirs))]
    found = [number(own["dice_loss"], 4), number(own["iou"], 4), with_interval(own["f_score"], *own["f_score_interval"])]
    return [title, counted(own), *(text for pair in zip(found, study, strict=True) for text in pair)]


def _location_row(name: str, own: Mapping[str, Any] | None) -> list[str]:
    before, after = _LOCATION[name]
    if not own:
        return [name, "-", "-", before, "-", after, "-"]
    is_told = None not in (own["before"], own["after"])
    gain = with_interval(own["after"] - own["before"] if is_told else None, *own["gain_interval"])
    return [name, counted(own), number(own["before"], 4), before, number(own["after"], 4), after, gain]


def _of_markers(figures: Mapping[str, Mapping[str, Any]]) -> str:
    own = next((figures[name] for name in _MARKERS if name in figures), None)
    if own is None:
        return "Not learnt yet."
    shown = ", ".join(f"{MARKER_NAMES[marker].lower()} on {own['slices_with'][marker]}" for marker in _SHOWN_MARKERS)
    return f"{how_many(own['slices'], 'slice')} of {how_many(own['patients'], 'validation patient')}: {shown}."


def _marker_row(own: Mapping[str, Any] | None, title: str, study: Sequence[str]) -> list[str]:
    found = [with_interval(own["auc"][marker], *own["auc_intervals"][marker]) if own else "-" for marker in _SHOWN_MARKERS]
    return [title, *(text for pair in zip(found, study, strict=True) for text in pair)]


def number(value: float | None, digits: int = 3) -> str:
    """A figure, or a dash where there is none."""
    return "-" if value is None or value != value else f"{value:.{digits}f}"

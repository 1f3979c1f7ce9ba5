"""Figures of the hematoma model as Markdown, in the source study's form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from HematomaMarkersLib.labels import BLEND, HYPODENSITY, IRREGULAR_MARGIN, MARKER_NAMES, MARKERS
from HematomaMarkersLib.measurement.scan import LEAST_SIGN_IN_PICTURES_ML, LEAST_SIGN_ML

from ...reporting.comparison import differences_table
from ...reporting.course import course_line
from ...reporting.markdown import markdown_table, with_interval
from ...wording import how_many
from .finding import finding_tables
from .ranges import coverage_table

SOURCE_SEGMENTATION = {
    "source study, random split": ("0.1367", "0.7809", "0.8633"),
    "source study, patient split": ("0.1609", "0.7573", "0.8390"),
    "source study, patient split, prepared": ("0.1464", "0.7660", "0.8536"),
}
SOURCE_AUC = {
    "source study, VGG16": ("0.692", "0.337", "0.524"),
    "source study, weighted VGG16": ("0.699", "0.471", "0.545"),
    "source study, wavelet VGG16": ("0.650", "0.608", "0.613"),
    "source study, weighted wavelet VGG16": ("0.702", "0.684", "0.576"),
    "source study, weighted wavelet VGG16 with mask (4 institutions)": ("0.676", "0.732", "0.559"),
}
SEGMENTATION_FIGURES = ("dice_loss", "iou", "f_score")
SOURCE_MARKERS = (HYPODENSITY, IRREGULAR_MARGIN, BLEND)
NOT_COMPARABLE = "Phantoms and patients are never comparable; the source study's figures stand here for the form."


def figures_tables(figures: Mapping[str, Any]) -> str:
    """Tables of ``figures.model_figures``."""
    numbers = figures["patients"]
    held = figures.get("held")
    held = (
        held or f"{how_many(len(numbers), 'held-out phantom patient')} (seeds {min(numbers)} to {max(numbers)}). {NOT_COMPARABLE}"
    )
    own = [
        "this model, patient split, prepared" if "held" not in figures else "this model",
        *(_number(figures["hematoma"][name], 4) for name in ("dice_loss", "iou", "f_score")),
    ]
    return "\n\n".join(
        [
            *([line] if (line := course_line(figures)) else []),
            held,
            "Hematoma, over all voxels of all patients:",
            markdown_table(["", "Dice loss", "IoU", "F score"], [own, *_source_rows(SOURCE_SEGMENTATION)]),
            "Hematoma, Dice of each patient with one, on the original voxels:",
            _dice_table(figures["hematoma"]),
            _volume_table(figures),
            "Found or not, by size and by slices:",
            finding_tables(figures["finding"]),
            *_signs(figures),
            _ranges(figures["ranges"]),
            *_own_cases(figures),
        ]
    )


def _ranges(found: Mapping[str, Any] | None) -> str:
    if not found:
        return "How sure: not measured, as nobody has fitted this model's ranges (fit-ranges)."
    return "How sure, by the network's own scores:\n\n" + coverage_table(found)


def _own_cases(figures: Mapping[str, Any]) -> list[str]:
    """What is told of own cases alone, see ``own_cases.evaluate_own``."""
    if "held" not in figures:
        return []
    found = [differences_table(figures["limits_of_agreement"])]
    return [*found, figures["untold"]] if figures["untold"] else found


def _signs(figures: Mapping[str, Any]) -> list[str]:
    """Of whom markers are told, and what is told of them."""
    counted = figures["signs"]
    if not counted["judged"]:
        return ["Markers: of none of these patients were they judged."]
    return [_told(counted), *(_marker_tables(figures) if figures["markers"] else [])]


def _told(counted: Mapping[str, Any]) -> str:
    left_out = counted["judged"] - counted["told"]
    told = f"Markers are told, and counted, in {counted['told']} of {how_many(counted['judged'], 'patient')} with a hematoma"
    if not left_out:
        return f"{told}: enough of it is found in all."
    missed = ", ".join(f"{MARKER_NAMES[marker].lower()} {count}" for marker, count in counted["untold_with_marker"].items())
    return (
        f"{told}; {left_out} left out, as less than {LEAST_SIGN_ML:g} mL of it is found, or than "
        f"{LEAST_SIGN_IN_PICTURES_ML:g} mL on a scan cut to a window ({counted['found_too_small']}), or nothing "
        f"({counted['not_found']}). Markers that these have, all missed: {missed}."
    )


def _marker_tables(figures: Mapping[str, Any]) -> list[str]:
    return [
        "Markers, AUC with 95 % intervals (patients resampled 1000 times), over patients in whom they are told:",
        _auc_table(figures["markers"]),
        "Markers, average precision and calibration of the patients' probabilities:",
        _calibration_table(figures["markers"]),
        "Markers, sensitivity and specificity over patients, of the network at its thresholds and of the evidence alone:",
        _rates_table(figures["markers"]),
        "Grad-CAM, of markers that are there and called: the heat's peak inside the hematoma or within 5 mm of it:",
        markdown_table(
            ["", *_names(MARKERS)],
            [["share (patients)", *(_heat(figures["heat"][marker]) for marker in MARKERS)]],
        ),
        "Reliability: mean probability said / share with the marker (patients), for each tenth of probability:",
        _reliability_table(figures["markers"]),
    ]


def runs_tables(segmentations: Mapping[str, Mapping[str, Any]], markers: Mapping[str, Mapping[str, Any]]) -> str:
    """Tables of what trainings wrote about their validation slices, in the source study's form.

    Args:
        segmentations, markers: name of the training -> content of its ``segmentation.json`` and ``markers.json``.
    """
    first = [
        [f"{name}: {_segmentation_variant(figures)}", *(_number(figures[each], 4) for each in SEGMENTATION_FIGURES)]
        for name, figures in segmentations.items()
    ]
    second = [
        [f"{name}: {_marker_variant(figures)}", *(_number(figures["auc"][marker]) for marker in SOURCE_MARKERS)]
        for name, figures in markers.items()
    ]
    return "\n\n".join(
        [
            f"Validation slices of phantom patients. {NOT_COMPARABLE}",
            markdown_table(["", "Dice loss", "IoU", "F score"], [*first, *_source_rows(SOURCE_SEGMENTATION)]),
            markdown_table(["AUC", *_names(SOURCE_MARKERS)], [*second, *_source_rows(SOURCE_AUC)]),
        ]
    )


def _dice_table(figures: Mapping[str, Any]) -> str:
    groups = {"all": figures["dice"], **figures["bands"], **figures["locations"]}
    rows = [
        [name, str(dice["patients"]), with_interval(dice["mean"], dice["low"], dice["high"]), _number(dice["median"])]
        for name, dice in groups.items()
    ]
    return markdown_table(["hematoma", "patients", "mean Dice (95 %)", "median"], rows)


def _volume_table(figures: Mapping[str, Any]) -> str:
    volume, without, hematoma = figures["volume"], figures["without_hematoma"], figures["hematoma"]
    rows = [
        ["volume error, median (mL)", _number(volume["median_error_ml"], 2), f"{volume['patients']} with hematoma"],
        ["volume, found minus true, mean (mL)", _number(volume["bias_ml"], 2), f"{volume['patients']} with hematoma"],
        ["within 5.8 mL, two readers' error", _percent(volume["within_readers_error"]), f"{volume['patients']} with hematoma"],
        ["hematoma not found at all", str(hematoma["missed"]), f"{volume['patients']} with hematoma"],
        ["false blood below 0.5 mL", _percent(without["share_below_half_ml"]), f"{without['patients']} without hematoma"],
        ["most false blood in one head (mL)", _number(without["largest_ml"], 2), f"{without['patients']} without hematoma"],
        [
            "F score of ventricular blood",
            _number(figures["ventricular_blood"]["f_score"]),
            how_many(len(figures["patients"]), "patient"),
        ],
    ]
    return markdown_table(["measurement", "result", "over"], rows)


def _auc_table(markers: Mapping[str, Any]) -> str:
    kinds = {
        "this model, patients": "auc",
        "this model, slices": "slice_auc",
        "this model, patients, near misses alone as negatives": "auc_against_near_misses",
    }
    own = [[title, *(interval_text(markers[marker][kind]) for marker in MARKERS)] for title, kind in kinds.items()]
    counts = ["patients with / near misses / all", *(_counts(markers[marker]) for marker in MARKERS)]
    return markdown_table(["AUC", *_names(MARKERS)], [*own, counts, *([*row, "-"] for row in _source_rows(SOURCE_AUC))])


def _calibration_table(markers: Mapping[str, Any]) -> str:
    rows = [
        [
            MARKER_NAMES[marker],
            interval_text(figures["average_precision"]),
            f"{figures['with_marker'] / figures['patients']:.3f}",
            _number(figures["calibration"]["brier"]),
            _number(figures["calibration"]["ece"]),
        ]
        for marker, figures in markers.items()
    ]
    return markdown_table(["", "average precision (95 %)", "share with it", "Brier score", "calibration error"], rows)


def _rates_table(markers: Mapping[str, Any]) -> str:
    rows = [
        [
            MARKER_NAMES[marker],
            _number(figures["threshold"]),
            *(_number(figures[who][rate]) for who in ("network", "evidence") for rate in ("sensitivity", "specificity")),
        ]
        for marker, figures in markers.items()
    ]
    head = ["", "threshold", "network, sensitivity", "specificity", "evidence, sensitivity", "specificity"]
    return markdown_table(head, rows)


def _reliability_table(markers: Mapping[str, Any]) -> str:
    rows = [
        [
            MARKER_NAMES[marker],
            "; ".join(f"{stated:.2f} / {seen:.2f} ({count})" for stated, seen, count in figures["calibration"]["bins"]),
        ]
        for marker, figures in markers.items()
    ]
    return markdown_table(["", "said / seen (patients)"], rows)


def _segmentation_variant(figures: Mapping[str, Any]) -> str:
    place = f", {figures['location']} alone" if figures["location"] else ""
    return f"{figures['split']} split{place}{_left_out(figures)}"


def _marker_variant(figures: Mapping[str, Any]) -> str:
    weighted = "weighted " if figures["weighted"] else ""
    pooling = f"wavelet ({figures['wavelet']})" if figures["pooling"] == "wavelet" else "plain"
    mask = "with mask" if figures["mask"] == "true" else "without mask"
    return f"{weighted}{pooling} VGG16 {mask}, {_segmentation_variant(figures)}"


def _left_out(figures: Mapping[str, Any]) -> str:
    missing = [name.replace("_", " ") for name, done in figures["preparation"].items() if not done]
    return f", without {', '.join(missing)}" if missing else ""


def _source_rows(rows: Mapping[str, Sequence[str]]) -> list[list[str]]:
    return [[name, *values] for name, values in rows.items()]


def _names(markers: Sequence[str]) -> list[str]:
    return [MARKER_NAMES[marker].lower() for marker in markers]


def _counts(figures: Mapping[str, Any]) -> str:
    return f"{figures['with_marker']} / {figures['near_misses']} / {figures['patients']}"


def _heat(figures: Mapping[str, Any]) -> str:
    return f"{_percent(figures['share_within_5_mm'])} ({figures['patients']})"


def interval_text(figures: Mapping[str, float | None]) -> str:
    return with_interval(figures["value"], figures["low"], figures["high"])


def _number(value: float | None, digits: int = 3) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{value:.0%}"

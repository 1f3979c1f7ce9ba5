"""What was measured of a bundle, written into its metadata and model card."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from HematomaMarkersLib.labels import TASK
from HematomaMarkersLib.measurement.markers.sureness import COUNTED
from HematomaMarkersLib.model.patient_rule import PatientRule
from HematomaMarkersLib.model.ranges import FittedRanges
from HematomaMarkersLib.presenting.first_screen import FALSELY_MARKED, FOUND_BLEEDS, HARD_HEADS, VOLUMES_IN_RANGE
from HematomaMarkersLib.triage.decision import Decision
from LesionReadingLib.errors import InputError
from LesionReadingLib.model.bundle import CARD, Bundle, load_bundle

from ...adaptation.record import ADAPTED
from ...files import read_text
from ...reporting.cards import rewritten, sections, with_section
from ...wording import how_many
from ..evaluation.ranges import coverage_table
from ..evaluation.tables import figures_tables
from .write import model_card

_OWN_TITLE = "Figures on own cases"
_FIGURES_TITLE, _RANGES_TITLE, _HARD_TITLE = "Figures on phantoms", "How sure it is", "Figures on phantoms that are hard to read"
_KEPT = {HARD_HEADS: _HARD_TITLE, COUNTED: _RANGES_TITLE}  # beside figures that are written anew: metrics -> section


def write_card(folder: Path, figures: Mapping[str, Any]) -> Bundle:
    """Write the figures of ``evaluate`` into a bundle's metadata and model card."""
    bundle = load_bundle(folder, TASK)
    kind, title = ("own", _OWN_TITLE) if "held" in figures else ("phantom", _FIGURES_TITLE)
    kept = {name: figures for name, figures in bundle.metadata["eval_metrics"].items() if name in (ADAPTED, *_KEPT)}
    metadata = {**bundle.metadata, "eval_metrics": {kind: headline(figures)} | kept}
    written = sections(read_text(folder / CARD))
    tables = {title: figures_tables(figures)} | {one: written[one] for one in _KEPT.values() if one in written}
    return rewritten(bundle, metadata, model_card(bundle.name, metadata, bundle.network_arguments, tables))


def write_hard(folder: Path, figures: Mapping[str, Any]) -> Bundle:
    """Write the figures of ``evaluate --phantoms wide`` into a bundle's metadata and card, beside those of ordinary phantoms."""
    bundle = load_bundle(folder, TASK)
    metrics = {**bundle.metadata["eval_metrics"], HARD_HEADS: hard_headline(figures)}
    card = with_section(read_text(folder / CARD), _HARD_TITLE, figures_tables(figures))
    return rewritten(bundle, {**bundle.metadata, "eval_metrics": metrics}, card)


def with_rule(folder: Path, rule: PatientRule, mean_auc: Mapping[str, float | None]) -> Bundle:
    """Keep a fitted rule with a bundle; ranges and figures of an earlier rule go.

    Args:
        mean_auc: of every rule that was tried.
    """
    bundle = load_bundle(folder, TASK)
    settings = {name: value for name, value in bundle.settings.items() if name != "ranges"} | {"markers": rule.to_settings()}
    training = {**bundle.metadata["training"], "rule_mean_auc": dict(mean_auc)}
    card = read_text(folder / CARD)
    for title in (_FIGURES_TITLE, _OWN_TITLE, *_KEPT.values()):
        card = with_section(card, title, None)
    return rewritten(bundle, {**bundle.metadata, "eval_metrics": {}, "training": training}, card, settings)


def with_ranges(folder: Path, fitted: FittedRanges) -> Bundle:
    """Keep fitted ranges with a bundle; what was counted of earlier ones goes."""
    bundle = load_bundle(folder, TASK)
    metrics = {kind: figures for kind, figures in bundle.metadata["eval_metrics"].items() if kind != COUNTED}
    settings = {**bundle.settings, "ranges": fitted.to_settings()}
    card = with_section(read_text(folder / CARD), _RANGES_TITLE, None)
    return rewritten(bundle, {**bundle.metadata, "eval_metrics": metrics}, card, settings)


def write_coverage(folder: Path, figures: Mapping[str, Any]) -> Bundle:
    """Write how often a bundle's ranges held the truth (``evaluate``, of heads that nothing was fitted on) into metadata and card.

    Raises:
        InputError: they are figures of a bundle without fitted ranges.
    """
    if not figures.get("ranges"):
        raise InputError("These figures tell nothing of ranges; fit them (fit-ranges) and evaluate the bundle again.")
    bundle = load_bundle(folder, TASK)
    counted = {"heads": len(figures["patients"]), **figures["ranges"]}
    card = with_section(read_text(folder / CARD), _RANGES_TITLE, _ranges_table(counted))
    return rewritten(bundle, {**bundle.metadata, "eval_metrics": {**bundle.metadata["eval_metrics"], COUNTED: counted}}, card)


def _ranges_table(counted: Mapping[str, Any]) -> str:
    return f"{how_many(counted['heads'], 'held-out head')}, none of which the ranges were fitted on.\n\n{coverage_table(counted)}"


def headline(figures: Mapping[str, Any]) -> dict[str, Any]:
    """The figures of the metadata; all of them are in the model card."""
    return {
        "patients": len(figures["patients"]),
        "dice": figures["hematoma"]["dice"]["mean"],
        "median_volume_error_ml": figures["volume"]["median_error_ml"],
        "without_hematoma_below_half_ml": figures["without_hematoma"]["share_below_half_ml"],
        "auc": {marker: one["auc"]["value"] for marker, one in figures["markers"].items()},
    }


def hard_headline(figures: Mapping[str, Any]) -> dict[str, Any]:
    """How many bleeds were found, by size, and what was marked in heads without blood: for the metadata and the first screen."""
    groups, without = figures["finding"]["groups"], figures["finding"]["without_blood"]
    sizes = (("under 0.3 mL", "0.3 to 1 mL"), ("1 to 3 mL",), ("3 to 10 mL", "10 to 30 mL", "over 30 mL"))
    of_size = [[groups[name] for name in names if name in groups] for names in sizes]
    counts = [sum(group["patients"] for group in some) for some in of_size]
    found = [sum(round(group["found"] * group["patients"]) for group in some) for some in of_size]
    heads, ranges = without["patients"], figures["ranges"]
    return {
        "patients": len(figures["patients"]),
        "dice": figures["hematoma"]["dice"]["mean"],
        **{name: {"found": one, "count": count} for name, one, count in zip(FOUND_BLEEDS, found, counts, strict=True)},
        FALSELY_MARKED: {"found": round((without["share_marked"] or 0) * heads), "count": heads},
        "referred_without_blood": {"found": without["decisions"].get(str(Decision.REFER_NOW), 0), "count": heads},
        **({VOLUMES_IN_RANGE: {name: ranges["volume"][name] for name in ("held", "count")}} if ranges else {}),
    }

"""Whether bleeds are found, by their size and the slices' thickness, and what is found where nobody bleeds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from HematomaMarkersLib.measurement.outside_blood import LEAST_ML
from HematomaMarkersLib.triage.decision import Decision

from ...reporting.markdown import markdown_table, with_interval
from ...reporting.scores import bootstrapped, share
from ...wording import how_many
from .evaluate import PatientResult

SIZES_ML = {
    "under 0.3 mL": (0.0, 0.3),
    "0.3 to 1 mL": (0.3, 1.0),
    "1 to 3 mL": (1.0, 3.0),
    "3 to 10 mL": (3.0, 10.0),
    "10 to 30 mL": (10.0, 30.0),
    "over 30 mL": (30.0, np.inf),
}
SLICES_MM = {"slices under 2 mm": (0.0, 2.0), "2 to 4 mm": (2.0, 4.0), "4 to 6 mm": (4.0, 6.0), "over 6 mm": (6.0, np.inf)}
AGES = {"younger heads": (0.0, 0.35), "middle-aged": (0.35, 0.65), "old": (0.65, np.inf)}
"""By ``Person.age``: how far fluid has taken the brain's place."""
TURNS_DEG = {"turned by less than 10 degrees": (0.0, 10.0), "by 10 degrees and more": (10.0, np.inf)}
FOUND_SHARE = 0.1
"""A hematoma is found where so much of it is marked as one."""
FALSE_ML = 0.3
OUTSIDE_ML = 1.0
"""Of so much blood outside the brain it is counted whether it was told."""


def finding_figures(results: Sequence[PatientResult]) -> dict[str, Any]:
    """Sensitivity, Dice and bias of patients with a hematoma in groups; false blood and decisions of heads without any blood.

    Blood outside the brain is neither: such heads stand for themselves.
    """
    bleeding = [result for result in results if result.true_ml > 0]
    groups = {name: _between(bleeding, "true_ml", *limits) for name, limits in SIZES_ML.items()}
    groups |= {name: _between(bleeding, "slice_mm", *limits) for name, limits in SLICES_MM.items() if results[0].slice_mm}
    for of, limits_of in (("age", AGES), ("turned_deg", TURNS_DEG)):
        known = [result for result in bleeding if getattr(result, of) is not None]
        groups |= {name: _between(known, of, *limits) for name, limits in limits_of.items()}
    outside = [result for result in results if result.true_outside_ml >= OUTSIDE_ML and result.found_outside_ml is not None]
    inside = [result for result in results if result.true_outside_ml == 0 and result.found_outside_ml is not None]
    return {
        "groups": {name: _found(some) for name, some in {"all": bleeding, **groups}.items() if some},
        "without_blood": _false(
            [result for result in results if result.true_ml == result.true_ivh_ml == result.true_outside_ml == 0]
        ),
        "false_ml": _by_cause(results),
        "outside": {
            "patients": len(outside),
            "seen": _share(outside, lambda result: result.found_outside_ml >= LEAST_ML),
            "without": len(inside),
            "seen_without": _share(inside, lambda result: result.found_outside_ml >= LEAST_ML),
        },
    }


def finding_tables(figures: Mapping[str, Any]) -> str:
    """Tables of ``finding_figures``."""
    rows = [
        [
            name,
            str(group["patients"]),
            with_interval(group["found"], *group["found_interval"]),
            f"{group['dice']:.3f}",
            with_interval(group["bias_percent"], *group["bias_interval_percent"], form="+.1f"),
        ]
        for name, group in figures["groups"].items()
    ]
    head = ["hematoma", "patients", "found (95 %)", "mean Dice", "volume, found minus true, % (95 %, patients resampled)"]
    tables = [markdown_table(head, rows)]
    without, outside = figures["without_blood"], figures["outside"]
    if without["patients"]:
        rows = [
            [f"more than {FALSE_ML:g} mL marked (95 %)", with_interval(without["share_marked"], *without["marked_interval"])],
            ["marked per head (mL)", f"{without['mean_ml']:.2f}"],
            *([f"decision: {code}", str(count)] for code, count in without["decisions"].items()),
        ]
        tables.append(markdown_table([f"{how_many(without['patients'], 'head')} without any blood", ""], rows))
    if figures["false_ml"]:
        rows = [[cause, f"{ml:.2f}"] for cause, ml in figures["false_ml"].items()]
        tables.append(markdown_table(["blood marked where there is none, by what lies there", "mL per head"], rows))
    if outside["patients"]:
        rows = [
            [f"with {OUTSIDE_ML:g} mL and more ({outside['patients']})", f"{outside['seen']:.3f}"],
            [f"without ({outside['without']})", f"{outside['seen_without']:.3f}"],
        ]
        tables.append(markdown_table(["heads, of blood outside the brain", "share in which it is told"], rows))
    return "\n\n".join(tables)


def _between(results: Sequence[PatientResult], name: str, low: float, high: float) -> list[PatientResult]:
    return [result for result in results if low <= getattr(result, name) < high]


def _found(results: Sequence[PatientResult]) -> dict[str, Any]:
    both, true, found = np.array([result.voxels for result in results], float).T
    true_ml, found_ml = (np.array([getattr(result, name) for result in results]) for name in ("true_ml", "found_ml"))
    seen = share(int((both >= FOUND_SHARE * true).sum()), len(results))
    bias = bootstrapped(_bias_percent, found_ml, true_ml, np.arange(len(results)))
    return {
        "patients": len(results),
        "found": seen.value,
        "found_interval": (seen.low, seen.high),
        "dice": float((2 * both / (true + found)).mean()),
        "bias_percent": bias.value,
        "bias_interval_percent": (bias.low, bias.high),
    }


def _bias_percent(found_ml: np.ndarray, true_ml: np.ndarray) -> float:
    return 100 * float((found_ml.sum() - true_ml.sum()) / true_ml.sum())


def _false(results: Sequence[PatientResult]) -> dict[str, Any]:
    marked = np.array([result.found_ml + result.found_ivh_ml for result in results])
    codes = [result.decision for result in results]
    much = share(int((marked > FALSE_ML).sum()), len(results))
    return {
        "patients": len(results),
        "share_marked": much.value,
        "marked_interval": (much.low, much.high),
        "mean_ml": float(marked.mean()) if results else None,
        "decisions": {str(code): codes.count(str(code)) for code in Decision if str(code) in codes},
    }


def _by_cause(results: Sequence[PatientResult]) -> dict[str, float]:
    """False blood per head in mL, the most frequent cause first."""
    causes = {cause for result in results for cause in result.false_ml}
    means = {cause: sum(result.false_ml.get(cause, 0.0) for result in results) / len(results) for cause in causes}
    return dict(sorted(means.items(), key=lambda item: (-item[1], item[0])))


def _share(results: Sequence[PatientResult], holds: Callable[[PatientResult], bool]) -> float | None:
    return float(np.mean([holds(result) for result in results])) if results else None

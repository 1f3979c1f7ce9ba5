"""``evaluate``: a bundle judged on held-out phantom patients, or on own cases."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...arguments import add_device, held_out_seeds, positive, whole, write_figures
from ...reporting.course import with_course
from ...reporting.evaluate_command import add_own_cases, evaluate_data
from ..phantom_arguments import add_range

if TYPE_CHECKING:
    from LesionReadingLib.model.bundle import Bundle

    from .evaluate import PatientResult


def add_evaluate(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``evaluate``."""
    parser.add_argument("model", help="bundle folder or name")
    parser.add_argument("--patients", type=positive, default=100)
    parser.add_argument("--first-seed", type=whole, default=0)
    parser.add_argument("--processes", type=positive, default=2)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there")
    add_device(parser)
    add_range(parser)
    add_own_cases(parser)
    parser.set_defaults(run=_evaluate)


def _evaluate(chosen: argparse.Namespace) -> None:
    from HematomaMarkersLib.labels import TASK
    from LesionReadingLib.model.bundle import find_bundle

    from .figures import model_figures
    from .own_cases import evaluate_own
    from .tables import figures_tables

    bundle, results = find_bundle(chosen.model, TASK), []
    if chosen.data:
        evaluate_data(
            chosen,
            "hematoma",
            lambda parts: evaluate_own(bundle, chosen.data, chosen.split, parts, chosen.device, chosen.processes),
            figures_tables,
        )
        return

    def judged() -> dict[str, Any]:
        results.extend(_told(chosen, bundle))
        return model_figures(results)

    figures = with_course(judged, chosen.words)
    print(figures_tables(figures))
    write_figures(chosen.json, {**figures, "results": [asdict(result) for result in results]})


def _told(chosen: argparse.Namespace, bundle: Bundle) -> Iterator[PatientResult]:
    """The results of the phantoms, each told in a line."""
    from .evaluate import evaluate

    for result in evaluate(bundle.path, held_out_seeds(chosen), chosen.device, chosen.processes, chosen.phantoms):
        print(f"patient {result.number}: {result.true_ml:.1f} mL true, {result.found_ml:.1f} mL found", flush=True)
        yield result

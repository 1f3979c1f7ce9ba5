"""The source study of the OCT model as one command: its network learns by its recipe and is judged in its tables."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..arguments import above_nothing, held_out_seeds, positive, whole
from ..files import read_text
from ..reporting.study import add_study, run_study, same_as_before
from ..wording import how_many

if TYPE_CHECKING:
    import torch

    from .data import Patient

TRAINING, BUNDLE, HELD_OUT = "training", "bundle", "held-out"


def add_oct_study(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``study``."""
    parser.add_argument("data", type=Path, help="folder of import, with cases for the test in its split, or of make-data")
    parser.add_argument("out", type=Path, help="for the training, its bundle, study.md and study.json")
    parser.add_argument("--weights", type=Path, help="safetensors file to begin with, for example a ResNet-50 of ImageNet")
    parser.add_argument(
        "--patients", type=positive, default=12, help="held-out phantoms that judge where DATA has no cases of its own"
    )
    parser.add_argument("--first-seed", type=whole, default=0)
    parser.add_argument("--pullback-frames", type=positive, default=108, help="of each of them")
    parser.add_argument("--frame-spacing", type=above_nothing, default=0.5, metavar="MM")
    parser.add_argument("--processes", type=positive, default=2, help="that draw them")
    parser.add_argument("--licence", type=Path, default=Path("LICENSE.txt"), help="text of the licence of the weights")
    add_study(parser, "KEY=VALUE changes the preset.")
    parser.set_defaults(run=_study)


def _study(chosen: argparse.Namespace) -> None:
    from .tables import phantom_tables

    def experiment(values: dict[str, Any], device: torch.device, log: Callable[[str], None]) -> dict[str, Any]:
        return learnt_and_judged(chosen, values, chosen.overrides, device, log)

    def tables(figures: dict[str, Any], run: str) -> str:
        learnt = (
            f"Learnt from {figures['learnt']} in {how_many(figures['steps'], 'step')} of {how_many(figures['batch'], 'picture')}."
        )
        began = f"It began with {figures['began_with']}; the study's began with weights of ImageNet."
        return "\n\n".join(["# The source study's tables", f"{run} {learnt} {began}", phantom_tables(figures)])

    run_study(chosen, "oct", "study", experiment, tables)


def learnt_and_judged(
    chosen: argparse.Namespace,
    values: Mapping[str, Any],
    overrides: Sequence[str],
    device: torch.device,
    log: Callable[[str], None],
) -> dict[str, Any]:
    """Train what is not trained yet, write its bundle, and judge it; give the figures of ``evaluate`` and of the training.

    Args:
        chosen: the arguments of ``study``. values, overrides: of a preset.

    Raises:
        InputError: ``out`` holds a study of other options, or the data cannot be learnt from.
    """
    from ..engine.checkpoint import training_facts
    from ..engine.distributed import rank
    from ..engine.presets import chosen_options
    from ..own_data.cases import learnt_from
    from ..own_data.splits import TEST, read_split
    from .bundle import NOT_STATED, PHANTOM_DATA, bundle_of_training
    from .data import is_validation, load_patients
    from .evaluate import evaluate
    from .own_cases import evaluate_own
    from .train import CHECKPOINT, Recipe, train

    licence, seeds = read_text(chosen.licence), held_out_seeds(chosen)
    recipe, budget = chosen_options(values, overrides, Recipe)
    held_out = {name: getattr(chosen, name) for name in ("patients", "first_seed", "pullback_frames", "frame_spacing")}
    same_as_before(chosen.out, {**asdict(recipe), "held_out": held_out})
    training = chosen.out / TRAINING
    train(chosen.data, training, recipe, budget, device, chosen.weights, log)
    if rank():
        return {}
    source = learnt_from(training, PHANTOM_DATA, "phantom pullback") or NOT_STATED
    bundle = bundle_of_training(training, chosen.out / BUNDLE, source, licence)
    if read_split(chosen.data):
        figures, _pictures, _measured = evaluate_own(bundle, chosen.data, TEST, (TEST,), device.type)
    else:
        figures = evaluate(bundle, _held_out(chosen, seeds, log), device.type, shifted=False)
    facts = training_facts(training / CHECKPOINT)
    learning = [patient for patient in load_patients(chosen.data) if not is_validation(patient)]
    learnt = f"{how_many(sum(patient.pixels.shape[1] for patient in learning), 'frame')} of {how_many(len(learning), 'patient')}"
    of_training = {"learnt": learnt, "steps": facts["steps"], "batch": recipe.batch, "began_with": facts["began_with"]}
    return {**figures, **of_training}


def _held_out(chosen: argparse.Namespace, seeds: range, log: Callable[[str], None]) -> list[Patient]:
    from .data import load_patients, make_data

    folder = chosen.out / HELD_OUT
    drawing = make_data(
        folder,
        seeds,
        pullback_frames=chosen.pullback_frames,
        frame_mm=chosen.frame_spacing,
        keep_frames=chosen.pullback_frames,
        shifted=False,
        processes=chosen.processes,
    )
    for seed in drawing:
        log(f"held-out phantom {seed} drawn")
    return [patient for patient in load_patients(folder) if patient.number in seeds]

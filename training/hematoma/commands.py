"""The commands of ``python -m training hematoma``: make-data or import, split, train-segmentation to card."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from HematomaMarkersLib.model.preparation.steps import Steps, add_without, left_out

from ..arguments import (
    above_nothing,
    add_device,
    add_phantoms,
    finite,
    held_out_seeds,
    log_to,
    phantom_seeds,
    positive,
    whole,
)
from ..engine.presets import add_preset, budget_of_command, chosen_options, preset_part, preset_values
from ..files import read_json, read_text
from ..own_data.split_command import add_split
from ..wording import how_many
from .adaptation.adapt_command import add_adapt
from .bundle.card_command import add_card
from .evaluation.evaluate_command import add_evaluate
from .evaluation.ranges_command import add_fit_ranges
from .import_command import add_hematoma_import
from .phantom_arguments import VALIDATION_SEED, add_range
from .studies.commands import add_ablations, add_draw_samples, add_gan_experiment, add_train_gan


def add_commands(parser: argparse.ArgumentParser) -> None:
    """Add every command of this task, with its arguments, to ``parser``."""
    commands = parser.add_subparsers(dest="command", required=True)
    _add_make_data(commands.add_parser("make-data", help="draw phantom patients into a folder"))
    add_hematoma_import(commands.add_parser("import", help="own images and masks, or exported cases, into such a folder"))
    add_split(
        commands.add_parser("split", help="which cases are learnt from, validated on and tested on"), _slice_classes, "hematoma"
    )
    _add_train_segmentation(commands.add_parser("train-segmentation", help="first stage: the U-Net; resumes its checkpoint"))
    _add_train_markers(commands.add_parser("train-markers", help="second stage: the markers; likewise"))
    _add_train(commands.add_parser("train", help="all of it in one go: patients, both stages, rule; best on a GPU"))
    _add_fit_rule(
        commands.add_parser("fit-rule", help="how slices make a patient: chosen on validation patients, own ones or phantoms")
    )
    add_fit_ranges(commands.add_parser("fit-ranges", help="how sure a bundle is: its ranges, fitted on validation patients"))
    add_adapt(commands.add_parser("adapt", help="fine-tune a bundle's U-Net to a clinic's own corrected heads"))
    _add_bundle(commands.add_parser("bundle", help="write the bundle of a training"))
    add_evaluate(commands.add_parser("evaluate", help="judge a bundle on held-out phantom patients, or on own cases"))
    _add_evaluate_slices(commands.add_parser("evaluate-slices", help="real slices as 8-bit pictures with masks of blood"))
    add_ablations(commands.add_parser("ablations", help="the source study's experiments and tables, all in one go"))
    add_train_gan(commands.add_parser("train-gan", help="a conditional SNGAN that draws hematomas; resumes its checkpoint"))
    add_draw_samples(commands.add_parser("draw-samples", help="hematomas drawn by it, as pictures in a folder for each class"))
    add_gan_experiment(commands.add_parser("gan-experiment", help="hypodensity learnt without and with drawn hematomas"))
    _add_runs(commands.add_parser("runs", help="figures of trainings on their validation slices, beside the source study's"))
    add_card(commands.add_parser("card", help="write figures of evaluate into a bundle's metadata and model card"))


def _add_make_data(parser: argparse.ArgumentParser) -> None:
    add_phantoms(parser, patients=400)
    add_without(parser)
    add_range(parser)
    parser.add_argument("--most-slices", type=positive, help="kept of each patient to learn from; all of them by default")
    parser.add_argument("--unprepared", type=Path, metavar="FOLDER", help="the same patients without any preparation, too")
    parser.set_defaults(run=_make_data)


def _make_data(chosen: argparse.Namespace) -> None:
    from .phantoms import make_data

    steps = Steps(**dict.fromkeys(left_out(chosen.without), False))
    of_phantoms = (phantom_seeds(chosen), steps, chosen.processes, chosen.phantoms, chosen.most_slices)
    for seed in make_data(chosen.folder, *of_phantoms, chosen.unprepared):
        print(f"patient {seed}", flush=True)


def _slice_classes(folder: Path) -> dict:
    from .data import slice_classes

    return slice_classes(folder)


def _add_train_segmentation(parser: argparse.ArgumentParser) -> None:
    _add_training(parser)
    parser.set_defaults(run=_train_segmentation)


def _train_segmentation(chosen: argparse.Namespace) -> None:
    from .train_segmentation import Recipe, train_segmentation

    _run_training(chosen, "segmentation", Recipe, train_segmentation)


def _add_train_markers(parser: argparse.ArgumentParser) -> None:
    _add_training(parser)
    parser.set_defaults(run=_train_markers)


def _train_markers(chosen: argparse.Namespace) -> None:
    from .train_markers import Recipe, train_markers

    _run_training(chosen, "markers", Recipe, train_markers)


def _run_training(chosen: argparse.Namespace, stage: str, kind: type, train: Callable[..., None]) -> None:
    from LesionReadingLib.model.prediction import choose_device

    from ..engine.distributed import joined_processes

    recipe, budget = chosen_options(preset_part(preset_values("hematoma", chosen.preset), stage), chosen.overrides, kind)
    budget = budget_of_command(chosen, budget)
    with joined_processes(choose_device(chosen.device)) as device, log_to(chosen.folder) as log:
        train(chosen.data, chosen.folder, recipe, budget, device, begin=chosen.begin, log=log)


def _add_train(parser: argparse.ArgumentParser) -> None:
    add_phantoms(parser, patients=500)
    parser.add_argument("training", type=Path, help="for checkpoints, figures, rule and log")
    parser.add_argument("--carry", type=Path, metavar="DIR", help="copy what a bundle is made of there, in small files")
    parser.add_argument("--validation", type=positive, default=200, help="validation patients, of seeds from 500 on")
    parser.add_argument("--begin-with", type=positive, default=48, help="patients to learn from before the learning begins")
    parser.add_argument("--draw-minutes", type=above_nothing, default=math.inf, help="after which no further patient is begun")
    parser.add_argument("--most-slices", type=positive, default=22, help="kept of each patient to learn from")
    parser.add_argument("--steps", type=positive, nargs=2, default=(3000, 1200), metavar=("FIRST", "SECOND"), help="of the stages")
    parser.add_argument("--minutes", type=above_nothing, nargs=2, default=(math.inf,) * 2, metavar=("FIRST", "SECOND"))
    parser.add_argument("--batch", type=positive, nargs=2, default=(64, 64), metavar=("FIRST", "SECOND"))
    parser.add_argument("--rate", type=above_nothing, nargs=2, default=(3e-3, 1e-3), metavar=("FIRST", "SECOND"))
    parser.add_argument("--width", type=above_nothing, default=0.5, help="of the U-Net; 1 is the published EfficientNet-b3")
    parser.add_argument("--marker-width", type=above_nothing, default=0.125, help="of the VGG16; 1 is the published one")
    parser.add_argument("--validate-every", type=positive, default=150, help="steps between two validations")
    parser.add_argument("--seed", type=whole, default=0)
    add_range(parser)
    add_device(parser)
    parser.set_defaults(run=_train, phantoms="mixed")


def _train(chosen: argparse.Namespace) -> None:
    from LesionReadingLib.model.prediction import choose_device

    from ..engine.options import Budget
    from .train_markers import Recipe as MarkerRecipe
    from .train_segmentation import Recipe
    from .whole import Plan, carry_away, train_whole

    plan = Plan(
        learnt=phantom_seeds(chosen),
        validation=range(VALIDATION_SEED, VALIDATION_SEED + chosen.validation),
        begin_with=chosen.begin_with,
        phantoms=chosen.phantoms,
        most_slices=chosen.most_slices,
        processes=chosen.processes,
        draw_minutes=chosen.draw_minutes,
        budgets=tuple(map(Budget, chosen.minutes, chosen.steps)),
    )
    shared = {"seed": chosen.seed, "validate_every": chosen.validate_every}
    first = Recipe(batch=chosen.batch[0], rate=chosen.rate[0], width=chosen.width, classes=4, **shared)
    second = MarkerRecipe(batch=chosen.batch[1], rate=chosen.rate[1], marker_width=chosen.marker_width, **shared)
    with log_to(chosen.training) as log:
        carried = partial(carry_away, chosen.training, chosen.carry) if chosen.carry else bool
        train_whole(chosen.folder, chosen.training, plan, first, second, choose_device(chosen.device), log, carried)


def _add_fit_rule(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("training", type=Path, help="folder of both trainings, or a bundle, which gets another rule")
    parser.add_argument("data", type=Path, help="data folder: its own validation cases, else phantoms drawn into it")
    parser.add_argument("--patients", type=positive, default=200)
    parser.add_argument("--first-seed", type=whole, default=VALIDATION_SEED, help="below 1000, and not those of `evaluate`")
    parser.add_argument("--processes", type=positive, default=2)
    add_range(parser)
    add_device(parser)
    parser.set_defaults(run=_fit_rule)


def _fit_rule(chosen: argparse.Namespace) -> None:
    from LesionReadingLib.model.prediction import choose_device

    from ..own_data.splits import read_split
    from .data import preparation_steps
    from .evaluation.rule import fit_own_rule, fit_rule, network_of
    from .phantoms import make_data

    if read_split(chosen.data):
        fit_own_rule(chosen.training, chosen.data, choose_device(chosen.device))
        return
    seeds, steps = held_out_seeds(chosen), preparation_steps(chosen.data)
    network_of(chosen.training)  # what cannot be fitted is told before anybody is drawn
    for number, _ in enumerate(make_data(chosen.data, seeds, steps, chosen.processes, chosen.phantoms), 1):
        print(f"{how_many(number, 'validation patient')} drawn", flush=True)
    fit_rule(chosen.training, chosen.data, seeds, choose_device(chosen.device), chosen.processes)


def _add_bundle(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("training", type=Path, help="folder of both trainings and of fit-rule")
    parser.add_argument("folder", type=Path, help="the bundle, for example Resources/Models/my_model")
    parser.add_argument("--markers-of", metavar="BUNDLE", help="markers and rule from there, after keep_markers=true")
    parser.add_argument("--data-source", help="what it was trained on; phantoms by default")
    parser.add_argument("--licence", type=Path, default=Path("LICENSE.txt"), help="text of the licence of the weights")
    parser.set_defaults(run=_bundle)


def _bundle(chosen: argparse.Namespace) -> None:
    from .bundle.write import PHANTOM_DATA, bundle_of_training, bundle_with_markers_of

    facts = chosen.folder, chosen.data_source or PHANTOM_DATA, read_text(chosen.licence)
    if chosen.markers_of:
        bundle = bundle_with_markers_of(chosen.training, chosen.markers_of, *facts)
    else:
        bundle = bundle_of_training(chosen.training, *facts)
    print(f"{bundle.path}: {bundle.weights.stat().st_size / 1e6:.1f} MB of weights")


def _add_evaluate_slices(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", help="bundle folder or name")
    parser.add_argument("images", type=Path, help="folder of pictures")
    parser.add_argument("masks", type=Path, help="folder of NAME.png; none there: no blood")
    parser.add_argument("--window", type=finite, nargs=2, default=(0.0, 80.0), metavar="HU", help="of black and white")
    add_device(parser)
    parser.set_defaults(run=_evaluate_slices)


def _evaluate_slices(chosen: argparse.Namespace) -> None:
    from HematomaMarkersLib.labels import TASK
    from LesionReadingLib.model.bundle import find_bundle

    from .evaluation.real_slices import evaluate_slices, slices_table

    bundle = find_bundle(chosen.model, TASK)
    print(slices_table(list(evaluate_slices(bundle, chosen.images, chosen.masks, tuple(chosen.window), chosen.device))))


def _add_runs(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("trainings", type=Path, nargs="+", metavar="RUN", help="training folders")
    parser.set_defaults(run=_runs)


def _runs(chosen: argparse.Namespace) -> None:
    from .evaluation.tables import runs_tables

    def figures(name: str) -> dict[str, Any]:
        files = {training.name: training / name for training in chosen.trainings}
        return {training: read_json(file) for training, file in files.items() if file.exists()}

    print(runs_tables(figures("segmentation.json"), figures("markers.json")))


def _add_training(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("data", type=Path, help="folder of import or make-data")
    parser.add_argument("folder", type=Path, help="for checkpoint, figures, table and log")
    parser.add_argument(
        "--from", dest="begin", type=Path, metavar="RUN", help="training folder to begin with, or for the first stage a bundle"
    )
    add_preset(parser)
    add_device(parser)

"""The commands of ``python -m training oct``; to a model: make-data or import, split, train, bundle, evaluate, card."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

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
    write_figures,
)
from ..engine.presets import add_preset, budget_of_command, chosen_options, preset_values
from ..files import figures_from, read_figures, read_text
from ..own_data.split_command import add_split
from ..reporting.course import with_course
from ..reporting.evaluate_command import add_own_cases, evaluate_data
from .adaptation.adapt_command import add_adapt
from .import_command import add_oct_import
from .real.realism_command import add_realism
from .second_step.commands import add_bundle_two_step, add_real_views, add_sureness, add_train_calcium
from .study import add_oct_study

if TYPE_CHECKING:
    from LesionReadingLib.model.bundle import Bundle


def add_commands(parser: argparse.ArgumentParser) -> None:
    """Add every command of this task, with its arguments, to ``parser``."""
    commands = parser.add_subparsers(dest="command", required=True)
    _add_make_data(commands.add_parser("make-data", help="draw phantom patients into a folder"))
    add_oct_import(commands.add_parser("import", help="own images and masks, or exported cases, into such a folder"))
    add_split(
        commands.add_parser("split", help="which cases are learnt from, validated on and tested on"), _slice_classes, "calcium"
    )
    _add_train(commands.add_parser("train", help="train a network; resumes its own checkpoint"))
    add_real_views(commands.add_parser("real-views", help="real frames without calcium as train-calcium learns from them"))
    add_train_calcium(commands.add_parser("train-calcium", help="train the second step of a two-step model"))
    _add_offsets(commands.add_parser("offsets", help="what an offset to calcium's score gives on validation patients"))
    _add_bundle(commands.add_parser("bundle", help="write the bundle of a training"))
    add_bundle_two_step(commands.add_parser("bundle-two-step", help="write the bundle of a two-step model"))
    add_adapt(commands.add_parser("adapt", help="fine-tune a two-step model to a clinic's own corrected cases"))
    add_sureness(commands.add_parser("sureness", help="choose which probabilities make a deposit and a range"))
    _add_evaluate(commands.add_parser("evaluate", help="judge a bundle on held-out phantom patients, or on own cases"))
    _add_evaluate_frames(commands.add_parser("evaluate-frames", help="judge a bundle on real frames with lumen masks"))
    _add_evaluate_real(commands.add_parser("evaluate-real", help="judge a bundle on real frames with calcium masks"))
    add_realism(commands.add_parser("realism", help="how far phantoms look like real frames with calcium"))
    add_oct_study(commands.add_parser("study", help="the source study's tables: learn by its recipe, bundle, judge"))
    _add_card(commands.add_parser("card", help="write figures of evaluations into a bundle's metadata and model card"))


def _add_make_data(parser: argparse.ArgumentParser) -> None:
    add_phantoms(parser, patients=440)
    parser.add_argument("--keep-frames", type=positive, default=16, help="frames drawn of each pullback")
    parser.add_argument("--pullback-frames", type=positive, default=270)
    parser.add_argument("--frame-spacing", type=above_nothing, default=0.2, metavar="MM")
    parser.add_argument("--wide", action="store_true", help="optics and anatomy of the wide range, for the two-step model")
    parser.set_defaults(run=_make_data)


def _make_data(chosen: argparse.Namespace) -> None:
    from .data import make_data

    for seed in make_data(
        chosen.folder,
        phantom_seeds(chosen),
        pullback_frames=chosen.pullback_frames,
        frame_mm=chosen.frame_spacing,
        keep_frames=chosen.keep_frames,
        shifted=False,
        processes=chosen.processes,
        wide=chosen.wide,
    ):
        print(f"patient {seed}", flush=True)


def _slice_classes(folder: Path) -> dict:
    from .data import slice_classes

    return slice_classes(folder)


def _add_train(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("data", type=Path, help="folder of import or make-data")
    parser.add_argument("folder", type=Path, help="for checkpoint, table and log")
    parser.add_argument("--weights", type=Path, help="safetensors file to begin with, for example a ResNet-50 of ImageNet")
    add_preset(parser)
    add_device(parser)
    parser.set_defaults(run=_train)


def _train(chosen: argparse.Namespace) -> None:
    from LesionReadingLib.model.prediction import choose_device

    from ..engine.distributed import joined_processes
    from .train import Recipe, train

    recipe, budget = chosen_options(preset_values("oct", chosen.preset), chosen.overrides, Recipe)
    budget = budget_of_command(chosen, budget)
    with joined_processes(choose_device(chosen.device)) as device, log_to(chosen.folder) as log:
        train(chosen.data, chosen.folder, recipe, budget, device, chosen.weights, log)


def _add_offsets(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("training", type=Path, help="folder of train")
    parser.add_argument("data", type=Path, help="folder of make-data that it learnt from")
    parser.add_argument("--every", type=positive, default=3, help="take every so many-th frame")
    parser.set_defaults(run=_offsets)


def _offsets(chosen: argparse.Namespace) -> None:
    from .data import is_validation, load_patients
    from .offsets import judge_offsets, offsets_table
    from .train import trained_network

    patients = [patient for patient in load_patients(chosen.data) if is_validation(patient)]
    print(offsets_table(judge_offsets(trained_network(chosen.training)[0], patients, chosen.every)))


def _add_bundle(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("training", type=Path, help="folder of train")
    parser.add_argument("folder", type=Path, help="the bundle, for example Resources/Models/my_model")
    parser.add_argument("--data-source", help="what it was trained on; by default phantoms and the number of cases")
    parser.add_argument("--calcium-offset", type=finite, default=0.0, help="added to calcium's score, to find more of it")
    parser.add_argument("--licence", type=Path, default=Path("LICENSE.txt"), help="text of the licence of the weights")
    parser.set_defaults(run=_bundle)


def _bundle(chosen: argparse.Namespace) -> None:
    from ..own_data.cases import learnt_from
    from .bundle import NOT_STATED, PHANTOM_DATA, bundle_of_training

    licence = read_text(chosen.licence)
    source = chosen.data_source or learnt_from(chosen.training, PHANTOM_DATA, "phantom pullback") or NOT_STATED
    bundle = bundle_of_training(chosen.training, chosen.folder, source, licence, chosen.calcium_offset)
    print(f"{bundle.path}: {bundle.weights.stat().st_size / 1e6:.1f} MB of weights")


def _add_evaluate(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", help="bundle folder or name")
    parser.add_argument("--patients", type=positive, default=12)
    parser.add_argument("--first-seed", type=whole, default=0)
    parser.add_argument("--pullback-frames", type=positive, default=108)
    parser.add_argument("--frame-spacing", type=above_nothing, default=0.5, metavar="MM")
    ranges = parser.add_mutually_exclusive_group()
    ranges.add_argument("--shifted", action="store_true", help="scanners outside the training range")
    ranges.add_argument("--wide", action="store_true", help="optics and anatomy of the wide range")
    parser.add_argument("--drawn", type=Path, default=Path("build/oct-held-out"), help="folder for the drawn patients")
    add_own_cases(parser)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there")
    add_device(parser)
    parser.set_defaults(run=_evaluate)


def _evaluate(chosen: argparse.Namespace) -> None:
    from LesionReadingLib.model.bundle import find_bundle
    from OCTCalciumLib.labels import TASK

    from .tables import phantom_tables

    bundle = find_bundle(chosen.model, TASK)
    if chosen.data:
        from .own_cases import evaluate_own

        evaluate_data(
            chosen, "oct", lambda parts: evaluate_own(bundle, chosen.data, chosen.split, parts, chosen.device), phantom_tables
        )
        return
    figures = with_course(lambda: _phantom_figures(chosen, bundle), chosen.words)
    print(phantom_tables(figures))
    write_figures(chosen.json, figures)


def _phantom_figures(chosen: argparse.Namespace, bundle: Bundle) -> dict[str, Any]:
    from .data import load_patients, make_data
    from .evaluate import evaluate

    seeds = held_out_seeds(chosen)
    kind = "shifted" if chosen.shifted else "wide" if chosen.wide else "ordinary"
    folder = chosen.drawn / f"{kind}-{chosen.pullback_frames}-frames-{chosen.frame_spacing:g}-mm"
    frames = chosen.pullback_frames
    for seed in make_data(
        folder,
        seeds,
        pullback_frames=frames,
        frame_mm=chosen.frame_spacing,
        keep_frames=frames,
        shifted=chosen.shifted,
        processes=2,
        wide=chosen.wide,
    ):
        print(f"patient {seed} drawn", flush=True)
    patients = [patient for patient in load_patients(folder) if patient.number in seeds]
    return evaluate(bundle, patients, chosen.device, chosen.shifted, chosen.wide)


def _add_evaluate_frames(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", help="bundle folder or name")
    parser.add_argument("images", type=Path, help="folder of real frames without calcium, each with a guidewire")
    parser.add_argument("masks", type=Path, help="folder of lumen masks of the same names")
    _add_of_real_frames(parser)
    parser.set_defaults(run=_evaluate_frames)


def _evaluate_frames(chosen: argparse.Namespace) -> None:
    from .evaluate import evaluate_frames
    from .tables import frames_table

    _report(chosen, evaluate_frames, frames_table)


def _add_evaluate_real(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", help="bundle folder or name")
    parser.add_argument("images", type=Path, help="folder of real frames PATIENT_NUMBER.png")
    parser.add_argument("masks", type=Path, help="folder of PATIENT_NUMBER_calcium.png; it may be the same one")
    parser.add_argument(
        "--pullbacks", action="store_true", help="a patient's frames follow each other, in the order of their names"
    )
    _add_of_real_frames(parser)
    parser.set_defaults(run=_evaluate_real)


def _evaluate_real(chosen: argparse.Namespace) -> None:
    from .real.frames import evaluate_real, real_table

    _report(chosen, partial(evaluate_real, pullbacks=chosen.pullbacks), real_table)


def _add_of_real_frames(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--pixel-spacing", type=above_nothing, metavar="MM", help="where the pictures do not say it")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there")
    add_device(parser)


def _report(chosen: argparse.Namespace, judge: Callable[..., dict], table: Callable[[dict], str]) -> None:
    """Judge the model on real frames, print the table and write the figures."""
    from LesionReadingLib.model.bundle import find_bundle
    from OCTCalciumLib.labels import TASK

    bundle = find_bundle(chosen.model, TASK)
    figures = with_course(lambda: judge(bundle, chosen.images, chosen.masks, chosen.device, chosen.pixel_spacing), chosen.words)
    print(table(figures))
    write_figures(chosen.json, figures)


def _add_card(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", type=Path, help="the bundle")
    parser.add_argument("--phantom", type=Path, metavar="FILE", help="figures of evaluate")
    parser.add_argument("--own", type=Path, metavar="FILE", help="figures of evaluate --data")
    parser.add_argument("--shifted", type=Path, metavar="FILE", help="figures of evaluate --shifted")
    parser.add_argument("--wide", type=Path, metavar="FILE", help="figures of evaluate --wide")
    parser.add_argument(
        "--frames",
        type=Path,
        nargs="+",
        metavar="FILE",
        help="figures of evaluate-frames; more files: read otherwise, in a row each",
    )
    parser.add_argument("--frames-source", default="unnamed", metavar="TEXT", help="where the real frames come from, with licence")
    parser.add_argument("--real", type=Path, nargs="+", metavar="FILE", help="figures of evaluate-real; more files likewise")
    parser.add_argument("--real-source", default="unnamed", metavar="TEXT", help="where those frames come from, with licence")
    parser.set_defaults(run=_card)


def _card(chosen: argparse.Namespace) -> None:
    from .bundle import write_card

    files = {
        "own": chosen.own,
        "phantom": chosen.phantom,
        "shifted": chosen.shifted,
        "wide": chosen.wide,
    }
    figures = {kind: read_figures(file, "three_classes") for kind, file in files.items() if file}
    of_real = {"frames": (chosen.frames, chosen.frames_source), "real": (chosen.real, chosen.real_source)}
    holds = {"frames": "lumen_dice", "real": "frames_with_calcium"}
    for kind, (several, source) in of_real.items():
        if several:
            first, *others = (read_figures(each, holds[kind]) for each in several)
            figures[kind] = {**first, "source": source, "read_otherwise": others}
    given = [*filter(None, files.values()), *(file for several, _source in of_real.values() for file in several or ())]
    with figures_from(*given):
        write_card(chosen.folder, figures)

"""The commands of ``python -m training hematoma``: make-data, train-segmentation, train-markers, bundle, evaluate, card."""

from __future__ import annotations

import argparse
from pathlib import Path

from HematomaMarkersLib.labels import LOCATIONS

from ..arguments import add_device, log_to
from ..drawing import HELD_OUT_SEEDS

STEPS = ("headrest-removal", "noise-removal", "skull-removal", "centring")


def add_commands(parser: argparse.ArgumentParser) -> None:
    """Add every command of this task, with its arguments, to ``parser``."""
    commands = parser.add_subparsers(dest="command", required=True)
    _add_make_data(commands.add_parser("make-data", help="draw phantom patients into a folder"))
    _add_train_segmentation(commands.add_parser("train-segmentation", help="first stage: the U-Net; takes its checkpoint up again"))
    _add_train_markers(commands.add_parser("train-markers", help="second stage: the markers; likewise"))


def _add_make_data(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", type=Path)
    parser.add_argument("--patients", type=int, default=400)
    parser.add_argument("--first-seed", type=int, default=HELD_OUT_SEEDS.stop, help="those below 1000 are kept for `evaluate`")
    parser.add_argument("--without", nargs="+", default=[], choices=STEPS, metavar="STEP", help=f"leave out: {', '.join(STEPS)}")
    parser.add_argument("--processes", type=int, default=2)
    parser.set_defaults(run=_make_data)


def _make_data(chosen: argparse.Namespace) -> None:
    from HematomaMarkersLib.preparation import Steps

    from .data import make_data

    seeds = range(chosen.first_seed, chosen.first_seed + chosen.patients)
    steps = Steps(**{name.replace("-", "_"): False for name in chosen.without})
    for seed in make_data(chosen.folder, seeds, steps, chosen.processes):
        print(f"patient {seed}", flush=True)


def _add_train_segmentation(parser: argparse.ArgumentParser) -> None:
    _add_training(parser, minutes=40.0)
    parser.add_argument("--width", type=float, default=0.5, help="of the U-Net; 1 is the published EfficientNet-b3")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.set_defaults(run=_train_segmentation)


def _train_segmentation(chosen: argparse.Namespace) -> None:
    from LesionReadingLib.prediction import choose_device

    from .train_segmentation import Recipe, train_segmentation

    names = ("width", "batch", "rate", "split", "location", "seed")
    recipe = Recipe(**{name: getattr(chosen, name) for name in names})
    with log_to(chosen.folder) as say:
        train_segmentation(chosen.data, chosen.folder, recipe, chosen.minutes, choose_device(chosen.device), chosen.begin, say)


def _add_train_markers(parser: argparse.ArgumentParser) -> None:
    _add_training(parser, minutes=20.0)
    parser.add_argument("--marker-width", type=float, default=0.25, help="of the VGG16; 1 is the published one")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--wavelet", default="haar", help="any discrete wavelet of pywavelets")
    parser.add_argument("--pooling", choices=("wavelet", "max"), default="wavelet", help="max: a plain VGG16")
    parser.add_argument("--unweighted", dest="weighted", action="store_false", help="plain binary cross-entropy")
    parser.add_argument("--mask", choices=("true", "none"), default="true", help="none: the network sees the whole slice")
    parser.set_defaults(run=_train_markers)


def _train_markers(chosen: argparse.Namespace) -> None:
    from LesionReadingLib.prediction import choose_device

    from .train_markers import Recipe, train_markers

    names = ("marker_width", "batch", "rate", "wavelet", "pooling", "weighted", "mask", "split", "location", "seed")
    recipe = Recipe(**{name: getattr(chosen, name) for name in names})
    with log_to(chosen.folder) as say:
        train_markers(chosen.data, chosen.folder, recipe, chosen.minutes, choose_device(chosen.device), chosen.begin, say)


def _add_training(parser: argparse.ArgumentParser, minutes: float) -> None:
    parser.add_argument("data", type=Path, help="folder of make-data")
    parser.add_argument("folder", type=Path, help="for checkpoint, figures and log")
    parser.add_argument("--minutes", type=float, default=minutes, help="in all, an earlier part included")
    parser.add_argument("--split", choices=("patient", "random"), default="patient", help="what is watched: patients or any slices")
    parser.add_argument("--location", choices=LOCATIONS, help="learn from hematomas there alone")
    parser.add_argument("--from", dest="begin", type=Path, metavar="RUN", help="training folder to begin with")
    parser.add_argument("--seed", type=int, default=0)
    add_device(parser)

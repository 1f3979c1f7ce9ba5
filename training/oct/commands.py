"""The commands of ``python -m training oct``."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_commands(parser: argparse.ArgumentParser) -> None:
    """Add every command of this task, with its arguments, to ``parser``."""
    commands = parser.add_subparsers(dest="command", required=True)
    _add_make_data(commands.add_parser("make-data", help="draw phantom patients into a folder"))
    _add_train(commands.add_parser("train", help="train a network; takes its own checkpoint up again"))


def _add_make_data(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", type=Path)
    parser.add_argument("--patients", type=int, default=300)
    parser.add_argument("--first-seed", type=int, default=1000, help="held-out patients of `evaluate` have seeds below 1000")
    parser.add_argument("--keep-frames", type=int, default=16, help="frames drawn of each pullback")
    parser.add_argument("--pullback-frames", type=int, default=270)
    parser.add_argument("--frame-spacing", type=float, default=0.2, metavar="MM")
    parser.add_argument("--shifted", action="store_true", help="scanners outside the training range")
    parser.add_argument("--processes", type=int, default=2)
    parser.set_defaults(run=_make_data)


def _make_data(chosen: argparse.Namespace) -> None:
    from .data import make_data

    seeds = range(chosen.first_seed, chosen.first_seed + chosen.patients)
    for seed in make_data(
        chosen.folder, seeds, chosen.pullback_frames, chosen.frame_spacing, chosen.keep_frames, chosen.shifted, chosen.processes
    ):
        print(f"patient {seed}", flush=True)


def _add_train(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("data", type=Path)
    parser.add_argument("folder", type=Path, help="for checkpoint and log")
    parser.add_argument("--minutes", type=float, default=60.0, help="in all, an earlier part included")
    parser.add_argument("--width", type=int, default=16, help="base channels; 64 is the published ResNet-50")
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--weights", type=Path, help="safetensors file to begin with")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.set_defaults(run=_train)


def _train(chosen: argparse.Namespace) -> None:
    import torch

    from .train import Recipe, train

    recipe = Recipe(width=chosen.width, batch=chosen.batch, rate=chosen.rate, seed=chosen.seed)
    name = chosen.device if chosen.device != "auto" else "cuda" if torch.cuda.is_available() else "cpu"
    chosen.folder.mkdir(parents=True, exist_ok=True)
    with open(chosen.folder / "log.txt", "a") as log:

        def say(line: str) -> None:
            print(line, flush=True)
            print(line, file=log, flush=True)

        train(chosen.data, chosen.folder, recipe, chosen.minutes, torch.device(name), chosen.weights, say)

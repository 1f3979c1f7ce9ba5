"""The commands of ``python -m training hematoma`` that repeat the source study's experiments."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...arguments import above_nothing, add_device, log_to, positive, whole
from ...engine.presets import add_preset, budget_of_command, chosen_options, preset_part, preset_values
from ...reporting.study import add_study, run_study

if TYPE_CHECKING:
    import torch


def add_ablations(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``ablations``."""
    parser.add_argument("data", type=Path, help="folder of import or make-data")
    parser.add_argument("out", type=Path, help="for a folder of each experiment, ablations.md and ablations.json")
    parser.add_argument("--unprepared", type=Path, metavar="DATA", help="the same patients without preparation; drawn by default")
    parser.add_argument(
        "--phantoms", choices=("ordinary", "wide", "mixed"), default="ordinary", help="the range that DATA was drawn of"
    )
    parser.add_argument("--most-slices", type=positive, help="as DATA was drawn with")
    parser.add_argument("--processes", type=positive, default=2, help="that draw")
    add_study(parser, "segmentation.KEY=VALUE and markers.KEY=VALUE change numbers of the preset.")
    parser.set_defaults(run=_ablations)


def _ablations(chosen: argparse.Namespace) -> None:
    from .ablation_tables import ablation_tables
    from .ablations import run_ablations, unprepared_copy

    def experiments(values: dict[str, Any], device: torch.device, log: Callable[[str], None]) -> dict[str, Any]:
        plain = chosen.unprepared or unprepared_copy(
            chosen.data, chosen.out / "unprepared", chosen.phantoms, chosen.most_slices, chosen.processes
        )
        return run_ablations(chosen.data, plain, chosen.out, values, chosen.overrides, device, log)

    run_study(chosen, "hematoma", "ablations", experiments, ablation_tables)


def add_train_gan(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``train-gan``."""
    parser.add_argument("data", type=Path, help="folder of import or make-data")
    parser.add_argument("folder", type=Path, help="for checkpoint, grids of pictures, figures, table and log")
    add_preset(parser)
    add_device(parser)
    parser.set_defaults(run=_train_gan)


def _train_gan(chosen: argparse.Namespace) -> None:
    from LesionReadingLib.model.prediction import choose_device

    from ...engine.distributed import joined_processes
    from ..gan.train import GANOptions, train_gan

    options, budget = chosen_options(preset_part(preset_values("hematoma", chosen.preset), "gan"), chosen.overrides, GANOptions)
    budget = budget_of_command(chosen, budget)
    with joined_processes(choose_device(chosen.device)) as device, log_to(chosen.folder) as log:
        train_gan(chosen.data, chosen.folder, options, budget, device, log)


def add_draw_samples(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``draw-samples``."""
    parser.add_argument("training", type=Path, help="folder of train-gan")
    parser.add_argument("folder", type=Path, help="for a folder of pictures of each class")
    parser.add_argument("--per-class", type=positive, default=100)
    parser.add_argument("--seed", type=whole, default=0)
    add_device(parser)
    parser.set_defaults(run=_draw_samples)


def _draw_samples(chosen: argparse.Namespace) -> None:
    from LesionReadingLib.model.prediction import choose_device

    from ..gan.samples import write_samples
    from ..gan.train import trained_gan

    network, options = trained_gan(chosen.training)
    counts = write_samples(network, options, chosen.folder, chosen.per_class, chosen.seed, choose_device(chosen.device))
    for name, count in counts.items():
        print(f"{name}: {count} of {chosen.per_class} show a hematoma and are written")


def add_gan_experiment(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``gan-experiment``."""
    parser.add_argument("data", type=Path, help="folder of import or make-data")
    parser.add_argument("out", type=Path, help="for a folder of each training, samples.md and samples.json")
    parser.add_argument("--share-drawn", type=above_nothing, default=1.0, help="drawn slices over real ones that are learnt from")
    add_study(parser, "segmentation.KEY=VALUE, markers.KEY=VALUE and gan.KEY=VALUE change numbers of the preset.")
    parser.set_defaults(run=_gan_experiment)


def _gan_experiment(chosen: argparse.Namespace) -> None:
    from ..gan.experiment import gan_table, run_gan_experiment

    def experiments(values: dict[str, Any], device: torch.device, log: Callable[[str], None]) -> dict[str, Any]:
        return run_gan_experiment(chosen.data, chosen.out, values, chosen.overrides, chosen.share_drawn, device, log)

    run_study(chosen, "hematoma", "samples", experiments, gan_table)

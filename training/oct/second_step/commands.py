"""The two commands of ``python -m training oct`` that only a two-step model needs: train-calcium and bundle-two-step."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path

from ...arguments import above_nothing, add_device, log_to, positive, require_order, share, whole, write_figures
from ...files import read_json, read_text
from ...wording import how_many

RECIPE = "recipe.json"
FIRST_STEP = "oct_calcium_two_step"


def add_train_calcium(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``train-calcium``."""
    parser.add_argument("folder", type=Path, help="for weights and log")
    parser.add_argument("data", type=Path, nargs="+", help="folders of make-data --wide")
    parser.add_argument("--steps", type=positive, default=2000)
    parser.add_argument("--batch", type=positive, default=12)
    parser.add_argument("--seed", type=whole, default=0)
    parser.add_argument("--rate", type=above_nothing, default=2e-3, help="largest learning rate")
    parser.add_argument("--real-share", type=share, default=0.3, help="share of what is learnt from that are real frames")
    parser.add_argument("--painted-share", type=share, default=0.7, help="share of those into which calcium is painted")
    parser.add_argument("--look-alikes", type=share, default=0.3, help="share of views with a look-alike of calcium")
    parser.add_argument("--average", type=share, default=0.995, help="of the running average of the weights")
    parser.add_argument("--weights", type=Path, help="safetensors of an earlier train-calcium or two-step bundle to begin with")
    parser.add_argument("--real", type=Path, nargs="+", default=[], metavar="FILE", help="views of real frames, of real-views")
    parser.add_argument("--copies", type=positive, default=1, help="views of each phantom frame to learn from")
    parser.add_argument("--processes", type=positive, default=1, help="how many sample the phantoms and draw the batches")
    add_device(parser)
    parser.set_defaults(run=_train_calcium)


def add_real_views(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``real-views``."""
    parser.add_argument("file", type=Path, help="where to write them, .npz")
    parser.add_argument("images", type=Path, help="folder of the pictures of a real pullback without calcium")
    parser.add_argument("--pixel-spacing", type=above_nothing, required=True, metavar="MM")
    parser.add_argument("--frames", type=positive, nargs=2, default=(1, 62), metavar=("FIRST", "LAST"), help="which, from 1")
    parser.add_argument("--copies", type=positive, default=6, help="views of each frame")
    parser.add_argument("--first-step", default=FIRST_STEP, help="bundle that finds lumen and guidewire")
    add_device(parser)
    parser.set_defaults(run=_real_views)


def add_bundle_two_step(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``bundle-two-step``."""
    parser.add_argument(
        "training",
        type=Path,
        nargs="+",
        help="folders of train-calcium: the one for neighbouring frames, and others that frames alone ask, too",
    )
    parser.add_argument("folder", type=Path, help="the bundle, for example Resources/Models/my_model")
    parser.add_argument("--first-step", default=FIRST_STEP, help="bundle whose lumen and guidewire are kept")
    parser.add_argument("--data-source", help="what it was trained on; phantoms by default")
    parser.add_argument("--certain", type=share, default=0.9, help="probability that a deposit reaches somewhere")
    parser.add_argument("--certain-alone", type=share, help="the same in a frame without neighbours; as --certain by default")
    parser.add_argument("--likely-alone", type=share, help="and as --likely")
    parser.add_argument("--likely", type=share, default=0.15, help="probability that it has everywhere")
    parser.add_argument("--samples", type=positive, default=150, help="samples of a deposit that must be certain")
    parser.add_argument("--inner", type=share, default=0.9, help="probability of the low end of a range")
    parser.add_argument("--outer", type=share, default=0.05, help="probability of its high end")
    parser.add_argument("--licence", type=Path, default=Path("LICENSE.txt"), help="text of the licence of the weights")
    parser.set_defaults(run=_bundle_two_step)


def add_sureness(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``sureness``."""
    parser.add_argument("model", help="two-step bundle")
    parser.add_argument("data", type=Path, nargs="+", help="folders of make-data whose validation patients choose")
    parser.add_argument("--real", type=Path, help="folder of real frames PATIENT_NUMBER.png with PATIENT_NUMBER_calcium.png")
    parser.add_argument("--real-pixel-spacing", type=above_nothing, metavar="MM")
    parser.add_argument("--without", type=Path, help="folder of real frames without calcium")
    parser.add_argument("--without-pixel-spacing", type=above_nothing, metavar="MM")
    parser.add_argument("--pullbacks", action="store_true", help="frames of a patient are neighbours, in the order of their names")
    add_device(parser)
    parser.set_defaults(run=_sureness)


def _sureness(chosen: argparse.Namespace) -> None:
    from LesionReadingLib.model.bundle import find_bundle
    from LesionReadingLib.model.prediction import choose_device, load_network
    from OCTCalciumLib.labels import TASK
    from OCTCalciumLib.model.inference import NETWORKS

    from .sureness import SAMPLES, among_neighbours, judge_ends, judge_sureness, seen_phantoms, seen_real

    network = load_network(find_bundle(chosen.model, TASK), NETWORKS).float()
    device = choose_device(chosen.device)
    frames = [frame for folder in chosen.data for frame in seen_phantoms(network, folder)]
    without = []
    if chosen.real:
        frames += seen_real(network, chosen.real, chosen.real, chosen.real_pixel_spacing, device)
    if chosen.without:
        without = list(seen_real(network, chosen.without, None, chosen.without_pixel_spacing, device))
    if chosen.pullbacks:
        frames, without = among_neighbours(frames), among_neighbours(without)
    (certain, likely), table = judge_sureness(frames, without)
    print(table)
    (inner, outer), ranges = judge_ends(frames, certain, likely)
    print(ranges)
    print(f"--certain {certain:g} --likely {likely:g} --samples {SAMPLES} --inner {inner:g} --outer {outer:g}")


def _real_views(chosen: argparse.Namespace) -> None:
    from LesionReadingLib.model.bundle import find_bundle
    from OCTCalciumLib.labels import TASK

    from .bundle import views_of_real_frames
    from .views import save_views

    first, last = chosen.frames
    first_step = find_bundle(chosen.first_step, TASK)
    frames = range(first - 1, last)
    views = views_of_real_frames(chosen.images, chosen.pixel_spacing, frames, chosen.copies, first_step, chosen.device)
    save_views(chosen.file, views)
    print(how_many(len(views), "view"))


def _train_calcium(chosen: argparse.Namespace) -> None:
    from LesionReadingLib.model.prediction import choose_device

    from .train import PolarRecipe, earlier_weights, new_network, overlaps, train_calcium
    from .views import joined, load_views, training_and_validation_views

    recipe = PolarRecipe(
        steps=chosen.steps,
        batch=chosen.batch,
        rate=chosen.rate,
        real_share=chosen.real_share,
        painted_share=chosen.painted_share,
        look_alike_share=chosen.look_alikes,
        average=chosen.average,
        seed=chosen.seed,
    )
    network = new_network(recipe, earlier_weights(chosen.weights) if chosen.weights else None)
    learnt, validation = training_and_validation_views(chosen.data, chosen.copies, chosen.processes)
    learnt = joined(learnt, *map(load_views, chosen.real))
    with log_to(chosen.folder) as log:
        log(f"{how_many(len(learnt), 'view')} to learn from, {len(validation)} for validation")
        write_figures(chosen.folder / RECIPE, asdict(recipe))
        train_calcium(
            network,
            learnt,
            chosen.folder,
            recipe,
            log,
            validate=lambda network: overlaps(network, validation),
            device=choose_device(chosen.device),
            processes=chosen.processes if chosen.processes > 1 else 0,
        )


def _bundle_two_step(chosen: argparse.Namespace) -> None:
    require_order(chosen, ("certain", "likely"), ("certain-alone", "likely-alone"), ("inner", "outer"))
    from ..bundle import PHANTOM_DATA
    from .bundle import two_step_bundle
    from .train import PolarRecipe

    bundle = two_step_bundle(
        chosen.training,
        chosen.folder,
        chosen.first_step,
        PolarRecipe(**read_json(chosen.training[0] / RECIPE)),
        chosen.data_source or PHANTOM_DATA,
        read_text(chosen.licence),
        {
            name: getattr(chosen, name)
            for name in ("certain", "certain_alone", "likely", "likely_alone", "samples", "inner", "outer")
        },
    )
    print(f"{bundle.path}: {bundle.weights.stat().st_size / 1e6:.1f} MB of weights")

"""The source study's experiment: hypodensity told by a classifier that learnt without, and with, drawn hematomas."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch
from HematomaMarkersLib.labels import HYPODENSITY
from LesionReadingLib.errors import InputError

from ...engine.presets import chosen_options, in_section
from ...files import read_json
from ...reporting.markdown import markdown_table, with_interval
from ...reporting.study import same_as_before
from ...wording import how_many
from ..slices import SliceDataset
from ..studies.ablation_tables import number
from ..studies.ablations import preset_as_studied, take_unet
from ..train_markers import FIGURES as MARKER_FIGURES
from ..train_markers import Recipe as MarkerRecipe
from ..train_markers import train_markers
from ..train_segmentation import FIGURES, train_segmentation
from ..train_segmentation import Recipe as UNetRecipe
from .samples import balanced_labels, drawn_slices, require_all_markers
from .train import FIGURES as GAN_FIGURES
from .train import GANOptions, train_gan, trained_gan

PARTS = ("segmentation", "markers", "gan")
STUDY = {"without": 0.702, "with": 0.721}


def run_gan_experiment(
    data: Path,
    out: Path,
    values: Mapping[str, Mapping[str, Any]],
    overrides: Sequence[str],
    share_drawn: float,
    device: torch.device,
    log: Callable[[str], None],
) -> dict[str, Any]:
    """Train what is not trained yet: U-Net, SNGAN, and the classifier without and with drawn slices; give the figures.

    Args:
        data: folder of ``make_data``. out: for a folder of each training.
        values, overrides: of a preset, with the parts ``PARTS``.
        share_drawn: drawn slices over the real ones that are learnt from; half of them show hypodensity.

    Raises:
        InputError: ``out`` holds an experiment of other options, or what a training cannot use.
    """
    (unet, unet_budget), (markers, marker_budget), (gan, gan_budget) = (
        chosen_options(preset_as_studied(values, part), in_section(overrides, part, PARTS), kind)
        for part, kind in zip(PARTS, (UNetRecipe, MarkerRecipe, GANOptions), strict=True)
    )
    require_all_markers(gan)
    markers = replace(markers, pooling="wavelet", weighted=True)
    options_of = {part: asdict(options) for part, options in zip(PARTS, (unet, markers, gan), strict=True)}
    same_as_before(out, {**options_of, "share_drawn": share_drawn})
    dataset = SliceDataset(data, None, unet.split, unet.seed, device)
    if not (out / "unet" / FIGURES).exists():
        train_segmentation(data, out / "unet", unet, unet_budget, device, log=log, dataset=dataset)
    if not (out / "gan" / GAN_FIGURES).exists():
        train_gan(data, out / "gan", gan, gan_budget, device, log, dataset)
    slices = dataset.slices
    learnt = slices.markers[dataset.training & slices.with_hematoma & slices.judged]
    for name in ("without", "with"):
        if (out / name / MARKER_FIGURES).exists():
            continue
        log(f"--- classifier {name} drawn hematomas")
        samples = None
        if name == "with":
            labels = balanced_labels(learnt, HYPODENSITY, round(share_drawn * len(learnt)), gan.seed)
            samples = drawn_slices(*trained_gan(out / "gan"), labels, gan.seed, device, slices.labels.shape[-1])
            if not len(samples):
                raise InputError("The SNGAN draws no hematoma yet; let it learn longer, with gan.steps=.")
            log(f"{len(samples)} of {how_many(len(labels), 'drawn slice')} with a hematoma, which are learnt from")
        take_unet(out / "unet", out / name)
        train_markers(data, out / name, markers, marker_budget, device, log=log, dataset=dataset, samples=samples)
    found = {name: read_json(out / name / MARKER_FIGURES) for name in ("without", "with")}
    auc = {name: one["auc"][HYPODENSITY] for name, one in found.items()}
    intervals = {name: one["auc_intervals"][HYPODENSITY] for name, one in found.items()}
    counts = {name: found["with"][name] for name in ("patients", "slices")} | {"with": found["with"]["slices_with"][HYPODENSITY]}
    return {"auc": auc, "auc_intervals": intervals, "validation": counts, "gan": read_json(out / "gan" / GAN_FIGURES)}


def gan_table(figures: Mapping[str, Any], run: str) -> str:
    """The experiment's table in Markdown, the study's figures beside. ``run``: a sentence of command, time and machine."""
    rows = [
        [
            f"weighted wavelet VGG16, {name} drawn hematomas",
            with_interval(figures["auc"][name], *figures["auc_intervals"][name]),
            number(STUDY[name]),
        ]
        for name in ("without", "with")
    ]
    shown = figures["validation"]
    gan = figures["gan"]
    distances = (
        f"Frechet distance of drawn hematomas from the {gan['hematomas']} learnt ones {gan['best_distance']:.2f}, of one half of "
        f"these from the other {gan['distance_of_halves']:.2f}; features: {gan['features']}."
    )
    honest = (
        f"{how_many(shown['slices'], 'slice')} with a hematoma of {how_many(shown['patients'], 'validation patient')}, "
        f"{shown['with']} of them with hypodensity; "
        "in brackets 95 % intervals over resampled patients. Phantoms and the study's patients are never comparable. "
        "One run of one seed, which the intervals do not hold: where they overlap, nothing is shown to differ."
    )
    head = ["AUC of hypodensity", "here (95 %)", "study"]
    return "\n\n".join(["# Drawn hematomas", honest, run, markdown_table(head, rows), distances])

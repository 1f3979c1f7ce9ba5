"""The configs of a bundle besides its metadata, as MONAI lays bundles out: ``train.json``, ``inference.json``, ``evaluate.json``.

``python -m monai.bundle run --config_file BUNDLE/configs/inference.json --bundle_root BUNDLE --input CASE --output_dir DIR`` reads
a case as the module does, ``evaluate.json`` compares cases with their label maps, and ``train.json`` trains the same network with
the same options on another folder. Each may be run from any folder, and without ``--bundle_root``: ``bundle_folder`` finds it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from LesionReadingLib.model.bundle import METADATA, Bundle, load_bundle, write_bundle

from ..writing import write_text

LIBS = {"oct-calcium": "OCTCalciumLib", "hematoma-markers": "HematomaMarkersLib"}
_SHARED = "LesionReadingLib.studies.bundle_configs"
NETWORKS = {
    "DeepLabV3Plus": "OCTCalciumLib.model.network.DeepLabV3Plus",
    "TwoStep": "OCTCalciumLib.model.two_step.TwoStep",
    "JointNetwork": "HematomaMarkersLib.model.network.JointNetwork",
}


def open_bundle(folder: Path) -> Bundle:
    """Check a bundle of either task and give it.

    Raises:
        InputError: it is none.
    """
    metadata = folder / METADATA
    text = metadata.read_text(encoding="utf-8") if metadata.is_file() else ""
    return load_bundle(folder, next((task for task in LIBS if f'"task": "{task}"' in text), next(iter(LIBS))))


def write_trained_bundle(folder: Path, task: str, **parts: Any) -> Bundle:
    """Write a bundle of a training (``parts`` as of ``write_bundle``) with the three configs."""
    bundle = write_bundle(folder, task, **parts)
    write_configs(bundle)
    return bundle


def write_configs(bundle: Bundle) -> list[Path]:
    """Write the three configs into a bundle's folder; weights, metadata and card stay as they are."""
    folder = bundle.path / METADATA.parent
    written = []
    for name, config in configs_of(bundle).items():
        written.append(folder / f"{name}.json")
        write_text(written[-1], json.dumps(config, indent=2) + "\n")
    return written


def configs_of(bundle: Bundle) -> dict[str, dict[str, Any]]:
    """The configs by name."""
    own = [f"$from {LIBS[bundle.task]}.monai_bundle import {name}" for name in ("evaluate", "infer", "trained_network")]
    shared = {
        "imports": [f"$from {_SHARED} import bundle_folder", *own],
        "bundle_root": "$bundle_folder()",
        "output_dir": "$@bundle_root + '/output'",
        "device": "auto",
        "network_def": {"_target_": NETWORKS[bundle.network_class], **bundle.network_arguments},
        "network": "$trained_network(@bundle_root)",
    }
    return {
        "inference": {
            **shared,
            "input": "$@bundle_root + '/input'",
            "run": ["$infer(@input, @output_dir, @bundle_root, @device)"],
        },
        "evaluate": {
            **shared,
            "dataset_dir": "$@bundle_root + '/dataset'",
            "run": ["$evaluate(@dataset_dir, @output_dir, @bundle_root, @device)"],
        },
        "train": {
            "imports": [
                "$from pkgutil import resolve_name",
                *(f"$from {_SHARED} import {name}" for name in ("bundle_folder", "train")),
            ],
            "bundle_root": shared["bundle_root"],
            "dataset_dir": "$@bundle_root + '/dataset'",
            "output_dir": "$@bundle_root + '/training'",
            "more": [],
            "network_def": shared["network_def"],
            "commands": training_commands(bundle),
            "run": ["$train(lambda: resolve_name('training.__main__:main'), @commands, @more)"],
        },
    }


def training_commands(bundle: Bundle) -> list[list[str]]:
    """Commands of ``python -m training`` that train a bundle's network with the options that its metadata tell of."""
    settings = bundle.metadata.get("training", {})
    places = ["@dataset_dir", "@output_dir"]
    if bundle.network_class == "TwoStep":
        known = {name: settings[name] for name in ("steps", "batch", "rate", "real_share") if name in settings}
        options = [text for name, value in known.items() for text in (f"--{name.replace('_', '-')}", str(value))]
        return [["oct", "train-calcium", *reversed(places), *options]]
    if bundle.network_class == "DeepLabV3Plus":
        from ..oct.train import Recipe

        return [["oct", "train", *places, *_options(settings, Recipe)]]
    from ..hematoma.train_markers import Recipe as MarkerRecipe
    from ..hematoma.train_segmentation import Recipe as UNetRecipe

    stages = {"segmentation": UNetRecipe, "markers": MarkerRecipe}
    return [["hematoma", f"train-{stage}", *places, *_options(settings.get(stage, {}), kind)] for stage, kind in stages.items()]


def _options(settings: Mapping[str, Any], kind: type) -> Sequence[str]:
    """``KEY=VALUE`` of what is told and is an option still; the preset ``best`` holds the rest."""
    known = {field.name for field in fields(kind)} | {"steps"}
    return ["--preset", "best", *(f"{name}={json.dumps(value)}" for name, value in settings.items() if name in known)]

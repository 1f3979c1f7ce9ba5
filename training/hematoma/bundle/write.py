"""From a training to a bundle that the module's model selector picks up, and its model card."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from HematomaMarkersLib.labels import MARKER_NAMES, MARKERS, NAMES, OUTSIDE_NAME, TASK
from HematomaMarkersLib.model.patient_rule import rule_from_settings
from HematomaMarkersLib.model.prediction import NETWORKS
from HematomaMarkersLib.model.preparation.grid import NETWORK_PIXEL_MM, NETWORK_SIZE
from LesionReadingLib.errors import InputError
from LesionReadingLib.model.bundle import Bundle, find_bundle, write_bundle
from LesionReadingLib.model.prediction import load_network
from LesionReadingLib.model.weights import from_bytes, in_bytes
from safetensors.torch import save
from torch import nn

from ...adaptation.record import ADAPTED
from ...engine.checkpoint import training_facts
from ...files import read_json, reading
from ...reporting.cards import card_text, shared_metadata
from ...reporting.monai_configs import write_configs
from ..adaptation.gain import gain_table
from ..slices import WINDOW_HU
from ..train_markers import CHECKPOINT as MARKERS_CHECKPOINT
from ..train_markers import RULE_FILE, trained_network
from ..train_segmentation import CHECKPOINT as UNET_CHECKPOINT
from ..train_segmentation import trained_unet

INTENDED_USE = (
    "Research on non-contrast head CT of acute intracerebral haemorrhage: marks the hematoma and tells how likely four signs of "
    "growth are, so that a reader can check them against the pictures. Not a medical device; not for decisions about patients."
)
PHANTOM_DATA = (
    "Phantom heads only, drawn by computer; no patient's picture was used. Until it is measured on patients, "
    "nothing is known of its accuracy there."
)
_ON_PHANTOMS_ALONE = (
    "- Trained on phantoms alone: expect missed and false blood and wrong markers on patients, and check every slice.\n"
)
_ON_CASES = (
    "- Trained on what is named above: on other patients and scanners expect missed and false blood and wrong markers, and check "
    "every slice.\n"
)
_NEVER_LEARNT = {
    3: (
        "- Not drawn and so never learnt: subdural, epidural and subarachnoid blood, tumours, aneurysms, operated heads, "
        "contrast.\n"
    ),
    4: (
        "- Blood outside the brain (subarachnoid, subdural, epidural) is told where much of it is seen, and never measured.\n"
        "- Not drawn and so never learnt: tumours, aneurysms, contrast, thrombosed sinuses.\n"
    ),
}
_ADAPTED = (
    "- Adapted to its user's own heads: figures and ranges in the original's card are not those of this model. Its markers are the "
    "original's, told on what this model marks.\n"
)
_LIMITS = (
    "- One slice at a time: it does not look at the neighbouring slices.\n"
    "- Blood under 0.3 mL that only one slice shows is taken for noise.\n"
    "- In pictures cut to a window bone that shares a slice with brain looks like blood: more is marked falsely there.\n"
    "- Probabilities are calibrated on phantoms, whose share of each marker is not that of any clinic.\n"
    "- Markers are told on slices where a hematoma was found; a hematoma that was missed has none.\n"
    "- In an irregular margin's probability the length of the found margin counts, too (by the rule's `margin_weight`): where the "
    "outline is wrong, so is the probability."
)
REFERENCES = [
    "Tan M, Le QV. EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks. arXiv:1905.11946, 2019.",
    "Simonyan K, Zisserman A. Very Deep Convolutional Networks for Large-Scale Image Recognition. arXiv:1409.1556, 2014.",
    "Selvaraju RR et al. Grad-CAM: Visual Explanations from Deep Networks via Gradient-based Localization. arXiv:1610.02391, 2016.",
    "Boulouis G et al. Association Between Hypodensities Detected by Computed Tomography and Hematoma Expansion in Patients With "
    "Intracerebral Hemorrhage. JAMA Neurol 2016;73:961-968.",
    "Morotti A et al. Standards for Detecting, Interpreting, and Reporting Noncontrast Computed Tomographic Markers of "
    "Intracerebral Hemorrhage Expansion. Ann Neurol 2019;86:480-492.",
]
_GAIN_TITLE = "Before and after adapting"


def bundle_of_training(training: Path, folder: Path, data_source: str, licence: str) -> Bundle:
    """Write the bundle of a training folder, a byte for each weight.

    Args:
        training: folder of both trainings, with the rule of ``fit-rule``. folder: the bundle to write.
        data_source: what it was trained on, for the metadata and the model card.
        licence: text of the licence of the weights.

    Raises:
        InputError: a training or the rule is missing.
    """
    network, arguments, recipe = trained_network(training)
    if not (training / RULE_FILE).exists():
        raise InputError(f"{training} holds no {RULE_FILE}; first: python -m training hematoma fit-rule {training} DATA")
    rule = read_json(training / RULE_FILE)
    with reading(training / RULE_FILE):
        mean_auc, preparation = dict(rule["mean_auc"]), dict(rule["preparation"])
        settings = {"markers": rule["rule"], "preparation": preparation}
    rule_from_settings(settings, folder.name)
    weights = in_bytes(network.state_dict())
    recipes = {
        "segmentation": {**asdict(trained_unet(training)[1]), **training_facts(training / UNET_CHECKPOINT)},
        "markers": {**asdict(recipe), **training_facts(training / MARKERS_CHECKPOINT)},
    }
    metadata = _metadata(data_source, arguments, {**recipes, "rule_mean_auc": mean_auc})
    card = model_card(folder.name, metadata, arguments, {})
    bundle = write_bundle(
        folder,
        TASK,
        network_class="JointNetwork",
        network_arguments=arguments,
        weights=save(weights),
        metadata=metadata,
        card=card,
        licence=licence,
        settings=settings,
    )
    write_configs(bundle)
    return bundle


def bundle_with_markers_of(training: Path, model: str | Path, folder: Path, data_source: str, licence: str) -> Bundle:
    """Write the bundle of a first stage that left the layers alone which the markers see, with markers and rule of another bundle.

    Args:
        training: folder of the first stage. model: the bundle that it began with. folder, data_source, licence: as above.

    Raises:
        InputError: the training is missing, is of another width, or has learnt those layers anew.
    """
    unet, recipe = trained_unet(training)
    source = find_bundle(model, TASK)
    network = load_network(source, NETWORKS)
    seen, learnt = (module.encoder.seen_by_markers() for module in (network.segmentation, unet))
    if recipe.width != source.network_arguments.get("width") or not all(map(_is_near, seen, learnt)):
        raise InputError(
            f"{training} has learnt layers that the markers of {source.name} see; learn with keep_markers=true, or train-markers"
        )
    arguments = {**source.network_arguments, "classes": recipe.classes}
    weights = {f"segmentation.{name}": value for name, value in unet.state_dict().items()}
    weights |= {name: value for name, value in network.state_dict().items() if name.startswith("markers.")}
    first_stage = {**asdict(recipe), **training_facts(training / UNET_CHECKPOINT)}
    recipes = {**source.metadata["training"], "segmentation": first_stage}
    metadata = _metadata(data_source, arguments, recipes)
    card = model_card(folder.name, metadata, arguments, {})
    bundle = write_bundle(
        folder,
        TASK,
        network_class="JointNetwork",
        network_arguments=arguments,
        weights=save(in_bytes(weights)),
        metadata=metadata,
        card=card,
        licence=licence,
        settings=source.settings,
    )
    write_configs(bundle)
    return bundle


def _is_near(one: nn.Module, other: nn.Module) -> bool:
    """Whether two layers are the same but for how they are kept on disk."""
    pairs = zip(*(from_bytes(in_bytes(layers.state_dict())).values() for layers in (one, other)), strict=True)
    return all(torch.allclose(a.float(), b.float(), rtol=2e-3, atol=1e-4) for a, b in pairs)


def model_card(name: str, metadata: Mapping[str, Any], arguments: Mapping[str, Any], tables: Mapping[str, str]) -> str:
    """The text of docs/README.md.

    Args:
        arguments: of the network. tables: title -> figures in Markdown, beside what adapting gained.
    """
    limitations = limits(metadata["data_source"], arguments.get("classes", len(NAMES)))
    gained = metadata["eval_metrics"].get(ADAPTED)
    if gained:
        limitations, tables = _ADAPTED + limitations, {_GAIN_TITLE: gain_table(gained), **tables}
    return card_text(name, metadata, limitations, tables)


def limits(data_source: str, classes: int) -> str:
    """The known limits, a Markdown list, of a model of so many classes that was trained on that; phantoms alone are said only where
    it was those.
    """
    return (_ON_PHANTOMS_ALONE if data_source == PHANTOM_DATA else _ON_CASES) + _NEVER_LEARNT[classes] + _LIMITS


def _metadata(data_source: str, arguments: Mapping[str, Any], training: Mapping[str, Any]) -> dict[str, Any]:
    """MONAI's fields of metadata.json."""
    slice_format = {"type": "image", "modality": "CT", "is_patch_data": False, "dtype": "float32"}
    slice_format["spatial_shape"] = [NETWORK_SIZE, NETWORK_SIZE]
    image = {**slice_format, "format": "hounsfield", "num_channels": 1, "value_range": [0, 1], "channel_def": {"0": "density"}}
    names = (*NAMES, OUTSIDE_NAME)[: arguments["classes"]]
    classes = {str(value): name for value, name in enumerate(names)}
    scores = {**slice_format, "format": "segmentation", "num_channels": len(names), "value_range": [], "channel_def": classes}
    markers = {
        "type": "probabilities",
        "format": "classification",
        "num_channels": len(MARKERS),
        "spatial_shape": [],
        "dtype": "float32",
        "value_range": [],
        "is_patch_data": False,
        "channel_def": {str(number): MARKER_NAMES[marker] for number, marker in enumerate(MARKERS)},
    }
    pooling = f"wavelet ({arguments['wavelet']})" if arguments["pooling"] == "wavelet" else "maximum"
    return {
        **shared_metadata(),
        "name": "Hematoma and markers of its growth on head CT",
        "task": "Hematoma, ventricular blood and four markers of growth on slices of non-contrast head CT",
        "description": (
            f"U-Net on an EfficientNet-b3 of {arguments['width']:g} times its width, joined with a VGG16 of "
            f"{arguments['marker_width']:g} times its width with {pooling} pooling, "
            f"{'with' if arguments['mask_input'] else 'without'} the hematoma's mask as input."
        ),
        "intended_use": INTENDED_USE,
        "data_source": data_source,
        "data_type": "DICOM, NRRD, NIfTI, MetaImage",
        "image_classes": (
            f"One axial slice of {NETWORK_SIZE} x {NETWORK_SIZE} pixels of {NETWORK_PIXEL_MM:g} mm, prepared, "
            f"{WINDOW_HU[0]:g} to {WINDOW_HU[1]:g} HU (or the window asked for) scaled to 0..1."
        ),
        "label_classes": ", ".join(f"{value} {name}" for value, name in enumerate(names)) + "; markers: " + _marker_words() + ".",
        "pred_classes": "Scores of these classes for every pixel, and a logit of each marker for the slice.",
        "eval_metrics": {},
        "references": REFERENCES,
        "training": dict(training),
        "network_data_format": {"inputs": {"image": image}, "outputs": {"pred": scores, "markers": markers}},
    }


def _marker_words() -> str:
    return ", ".join(MARKER_NAMES[marker].lower() for marker in MARKERS)

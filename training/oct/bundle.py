"""From a training to a bundle that the module's model selector picks up, and its model card."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from LesionReadingLib.model.bundle import CARD, Bundle, load_bundle
from OCTCalciumLib.labels import CALCIUM, GUIDEWIRE_SHADOW_BEYOND_LUMEN_MM, NAMES, TASK
from OCTCalciumLib.letterbox import NETWORK_SIZE
from safetensors.torch import save

from ..engine.checkpoint import training_facts
from ..files import read_text
from ..reporting.cards import card_text, rewritten, sections, shared_metadata
from ..reporting.course import course_line
from ..reporting.monai_configs import write_trained_bundle
from ..wording import how_many
from .tables import frames_table, phantom_tables, real_frames_table
from .train import CHECKPOINT, trained_network

INTENDED_USE = (
    "Research on coronary OCT: marks calcium, guidewire and lumen so that a reader can check and correct them. "
    "Not a medical device; not for decisions about patients."
)
PHANTOM_DATA = (
    "Phantom pullbacks only, drawn by OCTCalciumLib.phantom (physics-based, domain-randomised); no patient's picture was used. "
    "Its figures on real frames, where there are any, stand in the model card."
)
NOT_STATED = "Not stated. (python -m training oct bundle --data-source says it.)"
_ON_PHANTOMS_ALONE = "- Trained on phantoms alone: expect missed and false calcium on patients, and check every frame.\n"
_ON_CASES = "- Learnt from the data named above: elsewhere expect missed and false calcium, and check every frame.\n"
_LIMITS = (
    "- Stent struts, thrombus, side branches and blood are background; they were drawn, but simply.\n"
    "- Thin and dim ends of deposits are missed: arcs come out too small more often than too large (see the agreement below).\n"
    "- One frame at a time: it does not look at the neighbouring frames."
)
_NO_REAL_CALCIUM = (
    "- No real calcium was learnt: phantoms and calcium painted into real walls without it. Expect missed and false calcium on "
    "patients, and check every frame.\n"
    "- The real frames with calcium are few, of two patients, and the trials and thresholds were chosen on them: expect less on "
    "other patients.\n"
)
_ADAPTED = (
    "- Adapted to the frames of one user: on those of others, and of other machines, expect less, and check every frame.\n"
    "- Figures on phantoms and on real frames in the original's card are not those of this model; `python -m training oct "
    "evaluate` measures its own.\n"
    "- The probabilities that make a deposit and a range are the original's, chosen for the original.\n"
)
_TWO_STEP_LIMITS = (
    "- How far it is off in single phantom pullbacks stands below: arcs and volumes too small and too large, calcium now and then "
    "in fibrous or lipid plaque. Expect the same in real plaque.\n"
    "- Calcium is looked for behind the lumen that the first step finds; where blood or thrombus fills the lumen, both are wrong.\n"
    "- Ranges of arc and volume come from its own scores. How often they hold the truth stands below where it was measured; where "
    "it does not, nobody knows.\n"
    "- The second step needs the size of a pixel. Where nobody knows it, the pullback's median lumen is taken to be 2.4 mm wide, "
    "to find calcium with and for nothing else.\n"
    "- Where a side branch opens, the lumen ends somewhere in its mouth, and the branch is background or guidewire: check lumen "
    "areas there. Masks that count the branch as lumen agree less with it (see below).\n"
    "- Stent struts, thrombus, side branches and blood are background; they were drawn, but simply.\n"
    "- Probabilities are averaged over two frames before and two behind, where frames lie at most 0.5 mm apart or look alike. A "
    "frame that stands alone is read by all networks of the model, with higher thresholds; less calcium is found in it."
)
ADAPTED = "adapted"
_TITLES = {
    "own": "Figures on own cases",
    ADAPTED: "Before and after adapting",
    "phantom": "Figures on phantoms",
    "shifted": "Figures on phantoms with shifted physics",
    "wide": "Figures on phantoms of the wide range",
    "frames": "Figures on real frames without calcium",
    "real": "Figures on real frames with calcium",
}
_TABLES = {"frames": frames_table, "real": real_frames_table}
REFERENCES = [
    "Chen L-C et al. Encoder-Decoder with Atrous Separable Convolution for Semantic Image Segmentation. arXiv:1802.02611, 2018.",
    "Xu C et al. Characterization of atherosclerosis plaques by measuring both backscattering and attenuation coefficients in "
    "optical coherence tomography. J Biomed Opt 2008;13:034003.",
]


def bundle_of_training(training: Path, folder: Path, data_source: str, licence: str, calcium_offset: float = 0.0) -> Bundle:
    """Write the bundle of a training folder's last checkpoint.

    Args:
        training: folder of ``train``. folder: the bundle to write.
        data_source: what it was trained on, for the metadata and the model card.
        licence: text of the licence of the weights.
        calcium_offset: added to calcium's score (a logit) by the network's last bias; to be chosen on validation patients.
    """
    network, recipe = trained_network(training)
    with torch.no_grad():
        network.classifier.bias[CALCIUM] += calcium_offset
    weights = {name: tensor.contiguous() for name, tensor in network.state_dict().items()}
    facts = {**asdict(recipe), **training_facts(training / CHECKPOINT), "calcium_offset": calcium_offset}
    metadata = bundle_metadata(data_source, facts, recipe.classes)
    metadata["description"] = (
        f"DeepLab v3+ on a ResNet-50 of base width {recipe.width}, output stride 16, {recipe.classes} classes."
    )
    arguments = {"classes": recipe.classes, "width": recipe.width}
    card = model_card(folder.name, metadata, {}, one_step_limits(data_source))
    return write_trained_bundle(
        folder,
        TASK,
        network_class="DeepLabV3Plus",
        network_arguments=arguments,
        weights=save(weights),
        metadata=metadata,
        card=card,
        licence=licence,
    )


def write_card(folder: Path, figures: dict[str, dict[str, Any]]) -> Bundle:
    """Write the figures of evaluations into a bundle's metadata and model card, beside those of other kinds that are there.

    Args:
        figures: any of ``"phantom"``, ``"shifted"``, ``"wide"`` (of ``evaluate``), ``"frames"`` (of ``evaluate_frames``) and
            ``"real"`` (of ``evaluate_real``). Real frames are quoted whole: every frame of a set, easy or not.
    """
    bundle = load_bundle(folder, TASK)
    written = sections(read_text(folder / CARD))
    before = {kind: written[title] for kind, title in _TITLES.items() if title in written}
    metrics = bundle.metadata.get("eval_metrics", {}) | {kind: _headline(kind, values) for kind, values in figures.items()}
    metadata = {**bundle.metadata, "eval_metrics": {kind: metrics[kind] for kind in _TITLES if kind in metrics}}
    limits = two_step_limits(metadata) if bundle.network_class == "TwoStep" else one_step_limits(metadata["data_source"])
    return rewritten(bundle, metadata, model_card(bundle.name, metadata, before | _texts(figures), limits))


def model_card(name: str, metadata: dict[str, Any], texts: Mapping[str, str], limits: str) -> str:
    """The text of docs/README.md.

    Args:
        texts: kind of figures -> their tables in Markdown. limits: known limits, a Markdown list.
    """
    tables = {title: texts[kind].strip() for kind, title in _TITLES.items() if kind in texts}
    return card_text(name, metadata, limits, tables)


def _texts(figures: Mapping[str, dict[str, Any]]) -> dict[str, str]:
    """Kind of figures -> how they came about, and their tables in Markdown."""
    tables = {kind: _TABLES.get(kind, phantom_tables)(values) for kind, values in figures.items()}
    return {kind: f"{course_line(figures[kind])}\n\n{table}" for kind, table in tables.items()}


def one_step_limits(data_source: str) -> str:
    """Known limits of a one-step model that learnt from ``data_source``, a Markdown list."""
    return (_ON_PHANTOMS_ALONE if data_source == PHANTOM_DATA else _ON_CASES) + _LIMITS


def two_step_limits(metadata: dict[str, Any]) -> str:
    """Known limits of a two-step model, a Markdown list."""
    return (_ADAPTED if "adapted_from" in metadata["training"] else _NO_REAL_CALCIUM) + _TWO_STEP_LIMITS


def bundle_metadata(data_source: str, training: dict[str, Any], classes: int = len(NAMES)) -> dict[str, Any]:
    """MONAI's fields of metadata.json, but for the description of the network.

    Args:
        training: the recipe. classes: of the network, the first so many of ``NAMES``; without the lumen it is background.
    """
    names = NAMES[:classes]
    frame = {"type": "image", "modality": "OCT", "is_patch_data": False, "spatial_shape": [NETWORK_SIZE, NETWORK_SIZE]}
    frame["dtype"] = "float32"
    image = {**frame, "format": "magnitude", "num_channels": 1, "value_range": [0, 1], "channel_def": {"0": "grey"}}
    channels = {str(value): name for value, name in enumerate(names)}
    scores = {**frame, "format": "segmentation", "num_channels": len(names), "value_range": [], "channel_def": channels}
    return {
        **shared_metadata(),
        "name": "Calcium in coronary OCT",
        "task": "Calcium, guidewire and lumen in Cartesian frames of coronary OCT pullbacks",
        "intended_use": INTENDED_USE,
        "data_source": data_source,
        "data_type": "DICOM, NRRD, NIfTI, MetaImage, PNG, TIFF",
        "image_classes": "One grey Cartesian frame, overlays removed, letterboxed to 512 x 512, scaled to 0..1.",
        "label_classes": (
            "0 background, 1 calcium, 2 guidewire (its reflection, and its shadow out to "
            f"{GUIDEWIRE_SHADOW_BEYOND_LUMEN_MM:g} mm beyond the lumen border){', 3 lumen' if len(names) == len(NAMES) else ''}."
        ),
        "pred_classes": "Scores of these classes; the largest is the label.",
        "eval_metrics": {},
        "references": REFERENCES,
        "training": training,
        "network_data_format": {
            "inputs": {"image": image},
            "outputs": {"pred": scores},
        },
    }


def _headline(kind: str, figures: dict[str, Any]) -> dict[str, Any]:
    """The figures of the metadata; all of them are in the model card."""
    if kind == "frames":
        return {name: value for name, value in figures.items() if name not in ("frames", "pixel_mm", "course", "read_otherwise")}
    if kind == "real":
        missed = sum(frame["true_pixels"] > 0 and frame["dice"] == 0 for frame in figures["frames"])
        kept = ("source", "frames_with_calcium", "dice", "patients", "close_arcs", "arcs_in_range")
        kept += ("frames_without_calcium", "false_calcium_share")
        return {name: figures[name] for name in kept if figures.get(name) is not None} | {"frames_missed": missed}
    errors = figures["agreement"]["volume_error_percent"]
    return {
        "iou": {name: values["iou"] for name, values in figures["four_classes"].items()},
        "bridged_arc_deg": figures["agreement"]["bridged_arc_deg"],
        "frames_over_180_f1": figures["agreement"]["frames_over_180"]["f1"],
        "volume_within_10_percent": f"{sum(abs(error) <= 10 for error in errors)} of {how_many(len(errors), 'pullback')}",
        **_ranges_held(figures.get("ranges")),
    }


def _ranges_held(coverage: dict[str, Any] | None) -> dict[str, Any]:
    """How often the model's ranges hold the truth, of those that gives any: counts of frames and of pullbacks."""
    kinds = {"arcs_in_range": "arc", "volumes_in_range": "volume"} if coverage else {}
    counts = {name: coverage[kind] for name, kind in kinds.items() if coverage[kind]["count"]}
    return {name: {"held": round(each["held"] * each["count"]), "count": each["count"]} for name, each in counts.items()}

"""Models as MONAI bundles: found, checked before anything of them is used, and written.

A bundle is a folder as in MONAI's bundle specification:

    configs/metadata.json      what it is, what it takes and gives, how good it is
    models/model.safetensors   the weights; safetensors hold numbers only, so a bundle from a stranger cannot run code
    docs/README.md             the model card
    LICENSE

Besides MONAI's fields the metadata hold one block of ours, ``"lesion_reading"``: ``task`` (which module may use it), ``network``
(``class``, a name that the module knows, and ``arguments``), ``weights_sha256``, and what else the task keeps with its networks.

Nothing here imports torch, so that an unusable bundle is told before anything slow begins.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import InputError
from ..language import _
from ..strict_json import read_json

DEFAULT_MODELS = {"oct-calcium": "oct_calcium_two_step", "hematoma-markers": "hematoma_markers_phantom"}
"""Task -> name of the shipped bundle that is used where none is named, on the command line and in the panel."""

METADATA = Path("configs/metadata.json")
WEIGHTS = Path("models/model.safetensors")
CARD = Path("docs/README.md")
LICENCE = Path("LICENSE")
MOST_METADATA_BYTES = 1_000_000
MOST_WEIGHTS_BYTES, MOST_HEADER_BYTES = 4 << 30, 16 << 20
_PICKLED = (".pt", ".pth", ".ckpt", ".pkl", ".bin")
_REQUIRED = ("task", "network", "weights_sha256")
_SUMMARY = ("version", "description", "intended_use", "data_source", "eval_metrics", "authors", "references")


@dataclass(frozen=True)
class Bundle:
    """A checked bundle.

    Attributes:
        path: its folder. name: the folder's name.
        task: the module's task that it was made for, for example ``"oct-calcium"``.
        network_class, network_arguments: which of the module's networks it holds, and how that is made.
        metadata: everything in its metadata.json.
    """

    path: Path
    name: str
    task: str
    network_class: str
    network_arguments: dict[str, Any]
    metadata: dict[str, Any]

    @property
    def weights(self) -> Path:
        """The safetensors file."""
        return self.path / WEIGHTS

    @property
    def settings(self) -> dict[str, Any]:
        """What the task keeps with its networks besides the weights, as ``write_bundle`` was given it."""
        return {field: value for field, value in _own(self.metadata).items() if field not in _REQUIRED}

    def summary(self) -> dict[str, Any]:
        """What a report says of the model: name, network and those of the metadata's fields that describe it."""
        stated = {field: self.metadata[field] for field in _SUMMARY if field in self.metadata}
        return {"name": self.name, "network": self.network_class, "weights_sha256": _own(self.metadata)["weights_sha256"], **stated}


def figures_of(model: Mapping[str, Any] | None, kind: str) -> dict[str, Any]:
    """The numbers of one kind of test figures that a model (``Bundle.summary``) tells of itself, nested as they are.

    All but finite numbers by names is left out, as anybody may have written a bundle; none where it tells of no such kind.
    """
    return _numbers(_kind_of(model, kind))


def figure_text(model: Mapping[str, Any] | None, kind: str, name: str) -> str:
    """A figure that a model tells in words; empty where it does not."""
    text = _kind_of(model, kind).get(name)
    return text if isinstance(text, str) else ""


def _kind_of(model: Mapping[str, Any] | None, kind: str) -> Mapping[str, Any]:
    kinds = (model or {}).get("eval_metrics")
    figures = kinds.get(kind) if isinstance(kinds, Mapping) else None
    return figures if isinstance(figures, Mapping) else {}


def _numbers(values: Mapping[str, Any]) -> dict[str, Any]:
    nested = {name: _numbers(value) for name, value in values.items() if isinstance(value, Mapping)}
    return nested | {
        name: value
        for name, value in values.items()
        if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    }


def find_bundle(name_or_path: str | Path, task: str) -> Bundle:
    """Give the bundle of a folder, or the shipped one of that name.

    Raises:
        InputError: there is none, it was made for another task, or it cannot be trusted (see ``load_bundle``).
    """
    candidates = [Path(name_or_path), *(folder / name_or_path for folder in model_folders())]
    for folder in candidates:
        if folder.is_dir():
            return load_bundle(folder, task)
    if Path(name_or_path).is_file():
        raise InputError(
            _("The model {name_or_path} is a file, not a bundle; name the folder that holds configs/ and models/.").format(
                name_or_path=name_or_path
            ),
            "model",
        )
    shipped = sorted({folder.name for parent in model_folders() for folder in parent.iterdir() if (folder / METADATA).is_file()})
    raise InputError(
        _("There is no model {name_or_path}; name a bundle's folder, or one of those shipped: {value}.").format(
            name_or_path=name_or_path, value=", ".join(shipped) or "none"
        ),
        "model",
    )


def model_folders() -> list[Path]:
    """Folders that hold shipped bundles: the source tree's, or the one that Slicer installs beside the Libs."""
    here = Path(__file__).resolve()
    return [folder for folder in (here.parents[3] / "Resources/Models", here.parents[2] / "Resources/Models") if folder.is_dir()]


def load_bundle(folder: Path, task: str) -> Bundle:
    """Check a bundle's folder and give its bundle.

    Raises:
        InputError: metadata missing, unreadable or beyond all bounds, another task, weights missing, altered, pickled or not
            safetensors.
    """
    bundle = described_bundle(folder, task)
    with open(bundle.weights, "rb") as weights:
        found = hashlib.file_digest(weights, "sha256").hexdigest()
    if found != _own(bundle.metadata)["weights_sha256"]:
        raise InputError(
            _("The weights of the model {folder} do not match its {metadata}: altered or damaged; get the bundle anew.").format(
                folder=folder, metadata=METADATA
            ),
            "model",
        )
    return bundle


def described_bundle(folder: Path, task: str) -> Bundle:
    """The same without reading the weights, which takes a while: they are there and begin as safetensors do, no more is known.

    Raises:
        InputError: as ``load_bundle``, but for altered weights.
    """
    metadata = _read_metadata(folder)
    own = _own(metadata)
    try:
        made_for, network, _rest = own["task"], own["network"], own["weights_sha256"]
        bundle = Bundle(folder, folder.resolve().name, made_for, str(network["class"]), dict(network["arguments"]), metadata)
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(
            _("The model {folder} is not a bundle of LesionReading: its {metadata} has no complete block lesion_reading.").format(
                folder=folder, metadata=METADATA
            ),
            "model",
        ) from error
    if made_for != task:
        raise InputError(
            _("The model {folder} was made for the task {made_for}, not for {task}; choose another model.").format(
                folder=folder, made_for=made_for, task=task
            ),
            "model",
        )
    _check_weights(bundle)
    return bundle


def write_bundle(
    folder: Path,
    task: str,
    *,
    network_class: str,
    network_arguments: Mapping[str, Any],
    weights: bytes,
    metadata: Mapping[str, Any],
    card: str,
    licence: str,
    settings: Mapping[str, Any] | None = None,
) -> Bundle:
    """Write a bundle's files, replacing those of an earlier one, and give it back checked.

    Args:
        weights: content of the safetensors file, as ``safetensors.torch.save`` gives it.
        metadata: MONAI's fields; the block of ours is added.
        card: the model card, Markdown. licence: text of the licence of the weights.
        settings: what the task keeps with the network, for example thresholds, by name; values that JSON knows.
    """
    own = {
        **(settings or {}),
        "task": task,
        "network": {"class": network_class, "arguments": dict(network_arguments)},
        "weights_sha256": hashlib.sha256(weights).hexdigest(),
    }
    for file in (METADATA, WEIGHTS, CARD):
        (folder / file.parent).mkdir(parents=True, exist_ok=True)
    (folder / WEIGHTS).write_bytes(weights)
    (folder / CARD).write_text(card, encoding="utf-8")
    (folder / LICENCE).write_text(licence, encoding="utf-8")
    text = json.dumps({**metadata, "lesion_reading": own}, indent=2, ensure_ascii=False)
    (folder / METADATA).write_text(text + "\n", encoding="utf-8")
    return load_bundle(folder, task)


def _read_metadata(folder: Path) -> dict[str, Any]:
    try:
        metadata = read_json(folder / METADATA, MOST_METADATA_BYTES)
    except OSError as error:
        raise InputError(
            _("The model {folder} is not a bundle: it has no readable {metadata}.").format(folder=folder, metadata=METADATA),
            "model",
        ) from error
    except ValueError as error:
        raise InputError(
            _(
                "The model {folder} cannot be used: its {metadata} is not valid JSON of finite numbers and of at "
                "most {value:g} MB; get the bundle anew."
            ).format(folder=folder, metadata=METADATA, value=MOST_METADATA_BYTES / 1000000.0),
            "model",
        ) from error
    return metadata if isinstance(metadata, dict) else {}


def _own(metadata: Mapping[str, Any]) -> Mapping[str, Any]:
    own = metadata.get("lesion_reading")
    return own if isinstance(own, dict) else {}


def _check_weights(bundle: Bundle) -> None:
    if not bundle.weights.is_file():  # a device or a pipe would never end
        models = bundle.weights.parent
        pickled = sorted(file.name for file in models.glob("*") if file.suffix in _PICKLED)
        if pickled:
            raise InputError(
                _(
                    "The model {path} holds its weights as a pickle ({pickled}), which can run code when it is "
                    "opened; save them as safetensors first."
                ).format(path=bundle.path, pickled=pickled[0]),
                "model",
            )
        raise InputError(
            _("The model {path} has no weights: {weights} is missing; get the bundle anew.").format(
                path=bundle.path, weights=WEIGHTS
            ),
            "model",
        )
    try:
        is_sound = _is_safetensors(bundle.weights)
    except OSError as error:
        raise InputError(
            _("The weights of the model {path} cannot be read ({strerror}).").format(path=bundle.path, strerror=error.strerror),
            "model",
        ) from error
    if not is_sound:
        raise InputError(
            _("The weights of the model {path} are not safetensors, whatever the file is called; they were not opened.").format(
                path=bundle.path
            ),
            "model",
        )


def _is_safetensors(file: Path) -> bool:
    """Whether it begins as safetensors do: the length of a header, then that header, a JSON object."""
    size = file.stat().st_size
    with open(file, "rb") as opened:
        length = int.from_bytes(opened.read(8), "little")
        if size > MOST_WEIGHTS_BYTES or not 2 <= length <= min(size - 8, MOST_HEADER_BYTES):
            return False
        try:
            return isinstance(json.loads(opened.read(length)), dict)
        except (ValueError, RecursionError):
            return False

"""Metadata and model card of a bundle, as far as they are the same for every model."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

from LesionReadingLib.model.bundle import LICENCE, WEIGHTS, Bundle, write_bundle

from ..files import read_text


def shared_metadata() -> dict[str, Any]:
    """MONAI's fields of metadata.json that do not depend on the model."""
    return {
        "schema": "https://github.com/Project-MONAI/MONAI-extra-test-data/releases/download/0.8.1/meta_schema_20240725.json",
        "version": "0.1.0",
        "changelog": {"0.1.0": "first version"},
        "monai_version": version("monai"),
        "pytorch_version": version("torch"),
        "numpy_version": version("numpy"),
        "required_packages_version": {"safetensors": version("safetensors")},
        "supported_apps": {},
        "authors": "The LesionReading authors",
        "copyright": "Copyright (c) the LesionReading authors",
    }


def card_text(name: str, metadata: Mapping[str, Any], limits: str, tables: Mapping[str, str]) -> str:
    """The text of docs/README.md.

    Args:
        limits: known limits, a Markdown list. tables: title -> figures in Markdown.
    """
    parts = [
        f"# {name}",
        metadata["description"],
        f"## Intended use\n\n{metadata['intended_use']}",
        f"## Trained on\n\n{metadata['data_source']}\n\nRecipe: `{json.dumps(metadata['training'])}`",
        f"## Takes and gives\n\n{metadata['image_classes']}\n\n{metadata['label_classes']}",
        f"## Known limits\n\n{limits}",
        *(f"## {title}\n\n{table}" for title, table in tables.items()),
        "## References\n\n" + "\n".join(f"- {reference}" for reference in metadata["references"]),
    ]
    return "\n\n".join(parts) + "\n"


def sections(card: str) -> dict[str, str]:
    """A card's sections: title -> text."""
    return dict(re.findall(r"^## (.+)\n+((?:(?!## ).*\n?)*)", card, re.MULTILINE))


def with_section(card: str, title: str, text: str | None) -> str:
    """A card with this text in a section of this title, before the references; without that section where None."""
    parts = [part for part in re.split(r"\n+(?=## )", card.strip()) if not part.startswith(f"## {title}\n")]
    if text is not None:
        end = next((number for number, part in enumerate(parts) if part.startswith("## References\n")), len(parts))
        parts.insert(end, f"## {title}\n\n{text.strip()}")
    return "\n\n".join(parts) + "\n"


def rewritten(bundle: Bundle, metadata: Mapping[str, Any], card: str, settings: Mapping[str, Any] | None = None) -> Bundle:
    """Write a bundle again with other metadata and another card; weights and licence stay, settings too where None are given."""
    return write_bundle(
        bundle.path,
        bundle.task,
        network_class=bundle.network_class,
        network_arguments=bundle.network_arguments,
        weights=(bundle.path / WEIGHTS).read_bytes(),
        metadata=metadata,
        card=card,
        licence=read_text(bundle.path / LICENCE),
        settings=bundle.settings if settings is None else settings,
    )

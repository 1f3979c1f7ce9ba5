"""What a training keeps on disk: tensors in safetensors, all else as JSON in the same file; nothing is ever pickled."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import torch
from LesionReadingLib.errors import InputError
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file

from .options import Options, as_tuples


def write_tensors(file: Path, tensors: Mapping[str, torch.Tensor], facts: Mapping[str, Any]) -> None:
    """Write tensors and facts; the file replaces the one before it in one go, and only when it is safely on the disk.

    Raises:
        InputError: the disk takes no more; the file before it is as it was.
    """
    part = Path(f"{file}.part")
    try:
        save_file({name: value.contiguous() for name, value in tensors.items()}, part, {"facts": json.dumps(facts)})
        with open(part, "rb+") as written:
            os.fsync(written.fileno())
        os.replace(part, file)
    except (OSError, SafetensorError) as error:
        part.unlink(missing_ok=True)
        kept = "the checkpoint before it is whole" if file.is_file() else "there is none before it"
        raise InputError(f"The checkpoint {file} could not be written ({error}); {kept}. Make room, then start again.") from error


def read_tensors(file: Path, device: torch.device | str = "cpu") -> dict[str, torch.Tensor]:
    """The tensors of a checkpoint.

    Raises:
        InputError: the file is none.
    """
    try:
        return load_file(file, device=str(device))
    except (OSError, SafetensorError) as error:
        raise InputError(f"{file} is no checkpoint that can be read ({error}); move it away and start again.") from error


def read_facts(file: Path) -> dict[str, Any]:
    """What a checkpoint says of its training besides tensors: ``options``, ``step``, ``seconds``, ``best``, ``since_best``.

    Raises:
        InputError: the file is no checkpoint.
    """
    try:
        with safe_open(file, "pt") as opened:
            facts = json.loads((opened.metadata() or {})["facts"])
        if not (isinstance(facts, dict) and isinstance(facts["options"], dict) and isinstance(facts["seconds"], int | float)):
            raise ValueError("no facts of a training")
        return facts
    except (OSError, SafetensorError, KeyError, ValueError, RecursionError) as error:
        raise InputError(f"{file} is no checkpoint of today's trainings; move it away and start again.") from error


def checkpoint_options(file: Path, kind: type[Options]) -> Options:
    """The options with which a checkpoint's training was begun.

    Raises:
        InputError: it is no checkpoint, or one of another kind of network.
    """
    kept = read_facts(file)["options"]
    if kept.keys() - {field.name for field in fields(kind)}:
        raise InputError(f"{file} is a checkpoint of another network; choose another folder for this training.")
    return kind(**{name: as_tuples(value) for name, value in kept.items()})


def training_facts(file: Path) -> dict[str, Any]:
    """How long the training of a checkpoint took, and what it began with, for a bundle's metadata."""
    facts = read_facts(file)
    return {"steps": facts["step"], "minutes": round(facts["seconds"] / 60, 1), "began_with": facts["began_with"]}


def averaged_weights(file: Path) -> dict[str, torch.Tensor]:
    """The running average of a checkpoint's weights, by name, in single precision: what a training gives."""
    tensors = part(read_tensors(file), "average.module.")
    return {name: value.float() if value.is_floating_point() else value for name, value in tensors.items()}


def best_of(file: Path) -> Path:
    """Where the average of a checkpoint's training lies that was best when validated."""
    return file.with_stem(f"{file.stem}-best")


def part(tensors: Mapping[str, torch.Tensor], prefix: str) -> dict[str, torch.Tensor]:
    """The tensors whose name begins with ``prefix``, without it."""
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}


def halved(tensors: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The tensors in half precision, but for counts and for the batch norms' statistics, which may be beyond its range."""
    return {
        name: (value.half() if value.is_floating_point() and "running_" not in name else value).contiguous()
        for name, value in tensors.items()
    }

"""A source study's experiments as one command: what it wrote, how long it took, and on what."""

from __future__ import annotations

import argparse
import json
import platform
import shlex
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from LesionReadingLib.errors import InputError

from ..arguments import add_device, log_to
from ..drawing import write_whole
from ..engine.presets import preset_values
from ..files import read_json

if TYPE_CHECKING:
    import torch


def add_study(parser: argparse.ArgumentParser, epilog: str) -> None:
    """Add preset and device. ``epilog``: which ``KEY=VALUE`` change the preset."""
    parser.add_argument("--preset", default="cpu", metavar="NAME", help="seed (the source study's), best, cpu, or a YAML file")
    parser.epilog = epilog
    add_device(parser)
    parser.set_defaults(overrides=[])


def run_study(
    chosen: argparse.Namespace,
    task: str,
    name: str,
    experiments: Callable[[dict[str, Any], torch.device, Callable[[str], None]], dict[str, Any]],
    tables: Callable[[dict[str, Any], str, float, torch.device], str],
) -> None:
    """Run experiments with a preset's values; write their figures and tables with the minutes that they took in all.

    Args:
        chosen: with ``preset``, ``device`` and ``out``, the folder for ``NAME.json`` and ``NAME.md``.
        experiments: takes the preset's values, the device and a log. tables: takes figures, command, minutes and device.
    """
    from LesionReadingLib.model.prediction import choose_device

    from ..engine.distributed import joined_processes, rank

    began = time.monotonic()
    values = preset_values(task, chosen.preset)
    with joined_processes(choose_device(chosen.device)) as device, log_to(chosen.out) as log:
        figures = experiments(values, device, log)
        if rank() == 0:
            minutes = _spent_minutes(chosen.out, (time.monotonic() - began) / 60)
            _write(chosen.out / name, figures, tables(figures, _command_line(), minutes, device), log)


def machine(device: torch.device) -> str:
    """The kind of machine, in words."""
    import torch

    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"{torch.get_num_threads()} threads of a processor ({platform.machine()})"


def same_as_before(out: Path, options: Mapping[str, Any]) -> None:
    """Keep the options in the folder, or see that they are those of before.

    Raises:
        InputError: they are not.
    """
    from ..engine import distributed

    file = out / "options.json"
    text = json.dumps(options, indent=1)
    out.mkdir(parents=True, exist_ok=True)
    if file.exists() and file.read_text() != text:
        raise InputError(f"{out} holds experiments with other options (see {file.name} there); choose another folder.")
    distributed.wait()
    file.write_text(text)


def _command_line() -> str:
    """The command as it was typed."""
    return shlex.join(["python", "-m", "training", *sys.argv[1:]])


def _write(stem: Path, figures: dict[str, Any], tables: str, log: Callable[[str], None]) -> None:
    """Write figures and tables beside each other, and tell the tables."""
    write_whole(stem.with_suffix(".json"), lambda file: file.write(json.dumps(figures, indent=1).encode()))
    write_whole(stem.with_suffix(".md"), lambda file: file.write(f"{tables}\n".encode()))
    log(tables)


def _spent_minutes(out: Path, minutes: float) -> float:
    """These minutes and those of earlier parts of the same experiments, which are kept in the folder."""
    file = out / "minutes.json"
    before = read_json(file) if file.exists() else 0.0
    file.write_text(json.dumps(before + minutes))
    return before + minutes

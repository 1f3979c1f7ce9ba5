"""A source study's experiments as one command: what it wrote, how long it took, and on what."""

from __future__ import annotations

import argparse
import json
import os
import platform
import shlex
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from LesionReadingLib.errors import InputError

from ..arguments import add_device, log_to
from ..engine.presets import preset_values
from ..files import read_json
from ..writing import write_json, write_text

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
    tables: Callable[[dict[str, Any], str], str],
) -> None:
    """Run experiments with a preset's values; write their figures and tables with the time that they took in all.

    Args:
        chosen: with ``preset``, ``device`` and ``out``, the folder for ``NAME.json`` and ``NAME.md``.
        experiments: takes the preset's values, the device and a log.
        tables: takes the figures, and a sentence of command, time and machine.
    """
    from LesionReadingLib.model.prediction import choose_device

    from ..engine.distributed import joined_processes, rank

    values = preset_values(task, chosen.preset)
    with joined_processes(choose_device(chosen.device)) as device, log_to(chosen.out) as log:
        spent = _SpentTime(chosen.out)

        def kept(line: str) -> None:
            spent.keep()
            log(line)

        figures = experiments(values, device, kept if rank() == 0 else log)
        if rank() == 0:
            run = f"`{_command_line()}`, {spent.keep()}, {_machine(device)}."
            _write(chosen.out / name, figures, tables(figures, run), log)


def _machine(device: torch.device) -> str:
    """The kind of machine, in words."""
    import torch

    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    count = torch.get_num_threads()
    kind = f"{platform.machine()}, {torch.backends.cpu.get_cpu_capability()}"
    return f"{count} thread{'s' if count > 1 else ''} of a processor ({kind})"


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
    write_text(file, text)


def _command_line() -> str:
    """The command as it was typed."""
    return shlex.join(["python", "-m", "training", *sys.argv[1:]])


def _write(stem: Path, figures: dict[str, Any], tables: str, log: Callable[[str], None]) -> None:
    """Write figures and tables beside each other, and tell the tables."""
    write_json(stem.with_suffix(".json"), figures)
    write_text(stem.with_suffix(".md"), f"{tables}\n")
    log(tables)


class _SpentTime:
    """Minutes that experiments took, those of earlier parts too, and how many of them processors calculated for.

    Kept in the experiments' folder at every line of the log, so that a part that was killed counts too. The clock alone says
    little where others use the machine.
    """

    def __init__(self, out: Path) -> None:
        self._file = out / "minutes.json"
        self._before = read_json(self._file) if self._file.exists() else [0.0, 0.0]
        self._began = _minutes_now()

    def keep(self) -> str:
        """Write how long it has been; give it in words."""
        pairs = zip(self._before, self._began, _minutes_now(), strict=True)
        clock, processors = minutes = [before + now - began for before, began, now in pairs]
        write_json(self._file, minutes)
        return f"{clock:.0f} min ({processors:.0f} min of processor time)"


def _minutes_now() -> tuple[float, float]:
    """Of the clock, and of processors: this process's and those of its children that have ended."""
    times = os.times()
    return time.monotonic() / 60, (times.user + times.system + times.children_user + times.children_system) / 60

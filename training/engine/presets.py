"""Presets: one YAML file each beside this module, its numbers changed one by one by ``KEY=VALUE`` on the command line."""

from __future__ import annotations

import argparse
import difflib
import math
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from LesionReadingLib.errors import InputError

if TYPE_CHECKING:
    from .options import Budget, TrainingOptions

FOLDER = Path(__file__).parents[1] / "presets"
BUDGET_KEYS = ("steps", "epochs", "minutes")
Options = TypeVar("Options", bound="TrainingOptions")


def add_preset(parser: argparse.ArgumentParser, default: str = "best") -> None:
    """Add ``--preset``, the budget, and ``KEY=VALUE`` (which ``__main__`` collects)."""
    parser.add_argument("--preset", default=default, metavar="NAME", help="seed (the source study's), best, cpu, or a YAML file")
    parser.add_argument("--steps", type=float, help="in all, an earlier part included")
    parser.add_argument("--epochs", type=float, help="instead: how often every picture is learnt from")
    parser.add_argument("--minutes", type=float, help="at most; by the clock every machine gives other weights")
    parser.epilog = "KEY=VALUE changes a number of the preset, for example batch=4."
    parser.set_defaults(overrides=[])


def preset_values(task: str, name: str) -> dict[str, Any]:
    """The content of a preset of a task, or of a YAML file.

    Raises:
        InputError: there is none, or it is no YAML of keys and values.
    """
    import yaml

    file = Path(name) if name.endswith((".yaml", ".yml")) else FOLDER / f"{task}_{name}.yaml"
    try:
        if file.exists() and not file.is_file():  # a device or a pipe would never end
            raise OSError("no plain file")
        values = yaml.safe_load(file.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        known = sorted(each.stem.removeprefix(f"{task}_") for each in FOLDER.glob(f"{task}_*.yaml"))
        raise InputError(f"There is no preset {name}{_nearest(name, known)}; choose one of {', '.join(known)}.") from error
    except RecursionError as error:
        raise InputError(f"The preset {file} is nested too deeply; look at {FOLDER}.") from error
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise InputError(f"The preset {file} cannot be read: {' '.join(str(error).split())}") from error
    if not isinstance(values, dict):
        raise InputError(f"The preset {file} must hold keys and values; look at {FOLDER}.")
    return values


def chosen_options(values: Mapping[str, Any], overrides: Sequence[str], kind: type[Options]) -> tuple[Options, Budget]:
    """Options and budget of a preset's values, some of them overridden.

    Args:
        overrides: ``KEY=VALUE`` each. kind: the task's options.

    Raises:
        InputError: a key that the task does not have, or a value of another kind.
    """
    defaults = {field.name: field.default for field in fields(kind)} | dict.fromkeys(BUDGET_KEYS)
    given = {**values, **dict(map(_key_and_value, overrides))}
    for key in given:
        if key not in defaults:
            raise InputError(f"There is no option {key}{_nearest(key, defaults)}; the options are {', '.join(sorted(defaults))}.")
    made = {key: _of_kind(key, value, defaults[key]) for key, value in given.items()}
    budget = {key: made.pop(key, None) for key in BUDGET_KEYS}
    return kind(**made), new_budget(**budget)


def new_budget(steps: float | None, epochs: float | None, minutes: float | None) -> Budget:
    """A budget of what is given."""
    from .options import Budget

    return Budget(math.inf if minutes is None else minutes, math.inf if steps is None else steps, epochs)


def budget_of_command(chosen: argparse.Namespace, preset: Budget) -> Budget:
    """The preset's budget, or what the command line says instead.

    Raises:
        InputError: the training would never end.
    """
    given = new_budget(chosen.steps, chosen.epochs, chosen.minutes)
    budget = given if chosen.steps or chosen.epochs else replace(preset, minutes=min(given.minutes, preset.minutes))
    if math.isinf(budget.minutes) and math.isinf(budget.steps) and budget.epochs is None:
        raise InputError("The training would never end; say --steps, --epochs or --minutes.")
    return budget


def in_section(overrides: Sequence[str], section: str, sections: Sequence[str]) -> list[str]:
    """Those overrides that begin with ``SECTION.``, without it.

    Raises:
        InputError: an override of no section.
    """
    for each in overrides:
        name = each.partition(".")[0]
        if "." not in each.partition("=")[0] or name not in sections:
            raise InputError(f"{each} names no part{_nearest(name, sections)}; write {sections[0]}.KEY=VALUE, or {sections[-1]}.")
    return [each.partition(".")[2] for each in overrides if each.startswith(f"{section}.")]


def _key_and_value(text: str) -> tuple[str, Any]:
    import yaml

    key, _, value = text.partition("=")
    try:
        return key, yaml.safe_load(value)
    except (ValueError, RecursionError, yaml.YAMLError) as error:
        raise InputError(f"{text} has no value that can be read; write it as in YAML, for example {key}=4.") from error


def _of_kind(key: str, value: Any, default: Any) -> Any:
    """The value as the option's own kind.

    Raises:
        InputError: it is of another.
    """
    if key in BUDGET_KEYS or isinstance(default, float):
        fits, kind = isinstance(value, int | float | str) and not isinstance(value, bool), "a number"
        try:
            value = float(value) if fits and value is not None else value  # YAML reads 1e-3 as text
        except ValueError:
            fits = False
        fits = (fits and value > 0) or value is None or value == 0
    elif isinstance(default, bool):
        fits, kind = isinstance(value, bool), "true or false"
    elif isinstance(default, int):
        fits, kind = isinstance(value, int) and not isinstance(value, bool) and value >= 0, "a whole number from 0 on"
    elif isinstance(default, tuple):
        value, kind = _tuples(value), "a list"
        fits = isinstance(value, tuple)
    else:
        fits, kind = value is None or isinstance(value, str), "a word"
    if not fits:
        raise InputError(f"{key} is {kind}, not {value}.")
    return value


def _tuples(value: Any) -> Any:
    return tuple(map(_tuples, value)) if isinstance(value, list) else value


def _nearest(name: str, known: Sequence[str] | Mapping[str, Any]) -> str:
    near = difflib.get_close_matches(name, list(known), 1, 0.5)
    return f" (did you mean {near[0]}?)" if near else ""

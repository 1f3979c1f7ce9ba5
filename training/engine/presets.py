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

from ..arguments import above_nothing, positive

if TYPE_CHECKING:
    from .options import Budget, TrainingOptions

FOLDER = Path(__file__).parents[1] / "presets"
BUDGET_KEYS = ("steps", "epochs", "minutes")
_SHOWN = 10
Options = TypeVar("Options", bound="TrainingOptions")


def add_preset(parser: argparse.ArgumentParser, default: str = "best") -> None:
    """Add ``--preset``, the budget, and ``KEY=VALUE`` (which ``__main__`` collects)."""
    parser.add_argument("--preset", default=default, metavar="NAME", help="seed (the source study's), best, cpu, or a YAML file")
    parser.add_argument("--steps", type=positive, help="in all, an earlier part included")
    parser.add_argument("--epochs", type=above_nothing, help="instead: how often every picture is learnt from")
    parser.add_argument("--minutes", type=above_nothing, help="at most; by the clock every machine gives other weights")
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
        values = _loaded(file.read_text(encoding="utf-8"))
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


def preset_part(values: Mapping[str, Any], part: str) -> dict[str, Any]:
    """The keys and values of a part of a preset that has several.

    Raises:
        InputError: it has no such part.
    """
    if not isinstance(values.get(part), dict):
        raise InputError(f"The preset has no part {part} with keys and values; look at {FOLDER}.")
    return values[part]


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
    for each in fields(kind):
        if each.name in made:
            require_sensible(each.name, made[each.name], each.metadata)
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
        return key, _loaded(value)
    except (ValueError, RecursionError, yaml.YAMLError) as error:
        raise InputError(f"{text} has no value that can be read; write it as in YAML, for example {key}=4.") from error


_MOST_BRACKETS = 300
"""Of a preset: the library takes the square of their number."""


def _loaded(text: str) -> Any:
    """The values of YAML; what refers to itself or to other parts could hold itself, or grow without end.

    Raises:
        yaml.YAMLError: it does, or is none.
    """
    import yaml

    if text.count("[") + text.count("{") > _MOST_BRACKETS:
        raise yaml.YAMLError("it is nested too deeply")
    if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, yaml.SafeLoader)):
        raise yaml.YAMLError("it refers to other parts of itself; write them out")
    return yaml.safe_load(text)


def _of_kind(key: str, value: Any, default: Any) -> Any:
    """The value as the option's own kind.

    Raises:
        InputError: it is of another.
    """
    is_budget = key in BUDGET_KEYS
    if is_budget or isinstance(default, float):
        kind = "a number above 0" if is_budget else "a number"
        fits = isinstance(value, int | float | str) and not isinstance(value, bool)
        try:
            value = float(value) if fits else value  # YAML reads 1e-3 as text
        except ValueError:
            fits = False
        fits = (fits and (value > 0 or (value == 0 and not is_budget))) or value is None
    elif isinstance(default, bool):
        fits, kind = isinstance(value, bool), "true or false"
    elif isinstance(default, int):
        fits, kind = isinstance(value, int) and not isinstance(value, bool) and value >= 0, "a whole number from 0 on"
    elif isinstance(default, tuple):
        value, kind = _tuples(value), "a list"
        fits = isinstance(value, tuple)
    else:
        value = str(value).lower() if isinstance(value, bool) else value  # YAML reads the word true as a truth
        fits, kind = value is None or isinstance(value, str), "a word"
    if not fits:
        raise InputError(f"{key} is {kind}, not {value}.")
    return value


def require_sensible(key: str, value: Any, wanted: Mapping[str, Any]) -> None:
    """Refuse a value that no training can use.

    Args:
        wanted: a field's metadata, of ``options.one_of``, ``within`` or ``views``.

    Raises:
        InputError: it is none of the words, beyond the limits, or no list of views.
    """
    from .options import COUNT, LIMITS, SIDES, WORDS

    if WORDS in wanted and value not in wanted[WORDS]:
        known = [word for word in wanted[WORDS] if word is not None]
        listed = ", ".join(known[:_SHOWN]) + (f" and {len(known) - _SHOWN} more" if len(known) > _SHOWN else "")
        raise InputError(f"{key} is {value}{_nearest(str(value), known)}; choose one of {listed}.")
    if LIMITS in wanted:
        (least, most), count = wanted[LIMITS], wanted[COUNT]
        numbers = value if isinstance(value, tuple) else (value,)
        if len(numbers) != count or not all(isinstance(one, int | float) and least <= one <= most for one in numbers):
            what = "a number" if count == 1 else f"{count} numbers"
            raise InputError(f"{key} is {value}; choose {what} from {least:g} to {most:g}.")
    if SIDES in wanted and not _are_views(value, *wanted[SIDES]):
        multiple, most = wanted[SIDES]
        raise InputError(
            f"{key} is {value}; give pairs of a share of the training, the last one 1.0, and the side of the views until then, "
            f"a multiple of {multiple} up to {most}, as in [[0.6, {most // 2}], [1.0, {most}]]."
        )


def _are_views(value: Any, multiple: int, most: int) -> bool:
    if not (value and all(isinstance(pair, tuple) and len(pair) == 2 for pair in value)):
        return False
    ends, sides = zip(*value, strict=True)
    if not all(isinstance(end, int | float) and isinstance(side, int) for end, side in value):
        return False
    ascend = all(one < other for one, other in zip((0, *ends), ends, strict=False))
    return ascend and ends[-1] == 1 and all(side % multiple == 0 and 0 < side <= most for side in sides)


def _tuples(value: Any) -> Any:
    return tuple(map(_tuples, value)) if isinstance(value, list) else value


def _nearest(name: str, known: Sequence[str] | Mapping[str, Any]) -> str:
    near = difflib.get_close_matches(name, list(known), 1, 0.5)
    return f" (did you mean {near[0]}?)" if near else ""

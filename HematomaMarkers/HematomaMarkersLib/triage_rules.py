"""The limits of the decision: a small TOML file that anyone can edit (``data/triage.toml``, which names where each comes from)."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from LesionReadingLib.errors import InputError
from LesionReadingLib.identity import told

from .labels import MARKER_NAMES, MARKERS

SHIPPED_RULES = Path(__file__).parent / "data" / "triage.toml"
_MOST_BYTES = 1_000_000
GROWTH_CRITERIA = {
    "seed_30_percent": "30 % or more",
    "6ml_or_33_percent": "6 mL or more, or 33 % or more",
    "new_intraventricular": "any new blood in the ventricles",
}


@dataclass(frozen=True)
class Rules:
    """When to refer now; volumes in mL, each a limit at or above which the rule fires (``inf``: never).

    Attributes:
        volume_ml, intraventricular_ml: of the whole hematoma, of the blood in the ventricles.
        cerebellum_ml, brainstem_ml: of a hematoma whose location was chosen as such.
        growth: which of ``GROWTH_CRITERIA`` count. network, evidence: which markers count, by the network and by measurement.
        bat_score: lowest BAT score that fires.
        below_ml: a hematoma smaller than this does not count as one.
        volume_error_ml, cerebellum_error_ml, intraventricular_error_ml, growth_error_ml: error of measurement at the limit of that
            name: a volume nearer to it than this decides nothing by itself.
        small_error_ml: the same at ``below_ml``, and of a hematoma in the brainstem.
        probability_error: of the network's probabilities, 0 to 1: one nearer to its threshold decides nothing by itself.
        least_sign_ml: on a smaller hematoma no sign counts.
        source: where the rules came from, for the report.
    """

    volume_ml: float
    intraventricular_ml: float
    cerebellum_ml: float
    brainstem_ml: float
    growth: tuple[str, ...]
    network: tuple[str, ...]
    evidence: tuple[str, ...]
    bat_score: float
    below_ml: float
    volume_error_ml: float
    cerebellum_error_ml: float
    intraventricular_error_ml: float
    growth_error_ml: float
    small_error_ml: float
    probability_error: float
    least_sign_ml: float
    source: str = "shipped rules"


def read_rules(path: Path | None = None) -> Rules:
    """The shipped rules, or those of a file laid over them.

    Raises:
        InputError: the file cannot be read, is not TOML, or holds a name or a value that is none of the rules'.
    """
    shipped = _laid_over(None, SHIPPED_RULES)
    return shipped if path is None else replace(_laid_over(shipped, path), source=told(path.name) or "rules of your own")


def reached(value_ml: float, limit_ml: float, error_ml: float) -> bool | None:
    """Whether a volume reaches a limit; None where it lies nearer to it than its error of measurement."""
    return None if abs(value_ml - limit_ml) < error_ml else value_ml >= limit_ml


def rule_in_words(rules: Rules) -> str:
    """The whole rule as a sentence, without what is switched off."""
    limits = [
        ("hematoma of {} mL or more", rules.volume_ml, rules.volume_error_ml),
        ("blood in the ventricles of {} mL or more", rules.intraventricular_ml, rules.intraventricular_error_ml),
        ("cerebellar hematoma of {} mL or more", rules.cerebellum_ml, rules.cerebellum_error_ml),
        ("brainstem hematoma" + (" of {} mL or more" if rules.brainstem_ml > 0 else ""), rules.brainstem_ml, rules.small_error_ml),
    ]
    parts = [text.format(f"{limit:g}") + _give_or_take(error) for text, limit, error in limits if math.isfinite(limit)]
    grown = [GROWTH_CRITERIA[criterion] for criterion in rules.growth if criterion != "new_intraventricular"]
    parts += [f"growth by {' or by '.join(grown)}{_give_or_take(rules.growth_error_ml)}"] if grown else []
    parts += [GROWTH_CRITERIA["new_intraventricular"]] if "new_intraventricular" in rules.growth else []
    if rules.network:
        near = f" (± {100 * rules.probability_error:g} %)" if rules.probability_error > 0 else ""
        parts.append(f"network at or above its threshold{near} for {_names(rules.network)}")
    if rules.evidence:
        parts.append(f"measured {_names(rules.evidence)}")
    if math.isfinite(rules.bat_score):
        parts.append(f"BAT score of {rules.bat_score:g} or more")
    return (
        f"Refer now if any of these holds: {'; '.join(parts)}. A value within its error (±) of a limit does not decide by "
        f"itself: watch, uncertain, and check the slice. No sign counts on a hematoma under {rules.least_sign_ml:g} mL. "
        f"Watch: a hematoma of {rules.below_ml:g} mL"
        f"{_give_or_take(rules.small_error_ml)} or more and none of these. No hematoma found: less than that."
    )


def listed(names: Mapping[str, Any] | tuple[str, ...]) -> str:
    """Names with commas."""
    return ", ".join(names)


def _give_or_take(error_ml: float) -> str:
    return f" (± {error_ml:g} mL)" if error_ml > 0 else ""


def _laid_over(shipped: Rules | None, path: Path) -> Rules:
    """The rules of a file; what it leaves out is as in ``shipped``, or an error where that is None."""
    given: dict[str, Any] = {}
    for section, content in _parsed(path).items():
        if section not in _SECTIONS or not isinstance(content, Mapping):
            raise InputError(f"{path}: there is no section [{section}] in triage rules; use {listed(_SECTIONS)}.")
        for name, value in content.items():
            if name not in _SECTIONS[section]:
                raise InputError(f"{path}: [{section}] has no rule {name}; use {listed(_SECTIONS[section])}.")
            given[name] = _checked(path, section, name, value)
    return Rules(**given) if shipped is None else replace(shipped, **given)


def _parsed(path: Path) -> dict[str, Any]:
    try:
        if path.exists() and not (path.is_file() and path.stat().st_size <= _MOST_BYTES):
            raise InputError(f"The triage rules {path} are no file of rules, or far larger than any; name another.")
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except RecursionError as error:
        raise InputError(f"The triage rules {path} are nested too deeply; correct them.") from error
    except OSError as error:
        raise InputError(f"The triage rules {path} cannot be read ({error.strerror}); name a readable file.") from error
    except ValueError as error:  # tomllib.TOMLDecodeError and UnicodeDecodeError
        raise InputError(f"The triage rules {path} are not valid TOML: {error}; correct that place.") from error


def _checked(path: Path, section: str, name: str, value: Any) -> float | tuple[str, ...]:
    choices = _LISTS.get(name)
    if choices is not None:
        if not isinstance(value, list) or not all(entry in choices for entry in value):
            raise InputError(f"{path}: [{section}] {name} must be a list of {listed(choices)}; it is {value!r}.")
        return tuple(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not value >= 0:
        raise InputError(f"{path}: [{section}] {name} must be a number from 0 (inf switches it off); it is {value!r}.")
    if section == "no_hematoma_found" and math.isinf(value):
        raise InputError(f"{path}: [{section}] {name} must be finite, or no hematoma would ever be found.")
    if section == "measurement_error" and math.isinf(value):
        raise InputError(f"{path}: [{section}] {name} must be finite, or nothing would ever be decided.")
    return float(value)


_LISTS = {"growth": tuple(GROWTH_CRITERIA), "network": MARKERS, "evidence": MARKERS}
_ERRORS = tuple(field.name for field in fields(Rules) if "_error" in field.name)
_SECTIONS = {
    "refer_now": tuple(field.name for field in fields(Rules) if field.name not in ("below_ml", "source", *_ERRORS)),
    "measurement_error": _ERRORS,
    "no_hematoma_found": ("below_ml",),
}


def _names(markers: tuple[str, ...]) -> str:
    return ", ".join(MARKER_NAMES[marker].lower() for marker in markers)

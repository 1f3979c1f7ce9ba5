"""The limits of the decision: a small TOML file that anyone can edit (``data/triage.toml``, which names where each comes from)."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from LesionReadingLib.errors import InputError
from LesionReadingLib.language import N_, _, joined
from LesionReadingLib.language import listed as all_of
from LesionReadingLib.text.identity import shown_text

from ..labels import MARKER_NAMES, MARKERS

SHIPPED_RULES = Path(__file__).parents[1] / "data" / "triage.toml"
_MOST_BYTES = 1_000_000
GROWTH_CRITERIA = {
    "seed_30_percent": N_("30 % or more"),
    "6ml_or_33_percent": N_("6 mL or more, or 33 % or more"),
    "new_intraventricular": N_("any new blood in the ventricles"),
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
        least_sign_ml: on a smaller hematoma no sign is judged. least_sign_in_pictures_ml: the same on a scan cut to a window.
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
    least_sign_in_pictures_ml: float
    source: str = N_("shipped rules")


def read_rules(path: Path | None = None) -> Rules:
    """The shipped rules, or those of a file laid over them.

    Raises:
        InputError: the file cannot be read, is not TOML, or holds a name or a value that is none of the rules'.
    """
    shipped = _laid_over(None, SHIPPED_RULES)
    return shipped if path is None else replace(_laid_over(shipped, path), source=shown_text(path.name) or N_("rules of your own"))


def reached(value_ml: float, limit_ml: float, error_ml: float) -> bool | None:
    """Whether a volume reaches a limit; None where it lies nearer to it than its error of measurement."""
    return None if abs(value_ml - limit_ml) < error_ml else value_ml >= limit_ml


def rule_in_words(rules: Rules) -> str:
    """The whole rule as a sentence, without what is switched off."""
    limits = [
        (_("hematoma of {} mL or more"), rules.volume_ml, rules.volume_error_ml),
        (_("blood in the ventricles of {} mL or more"), rules.intraventricular_ml, rules.intraventricular_error_ml),
        (_("cerebellar hematoma of {} mL or more"), rules.cerebellum_ml, rules.cerebellum_error_ml),
        (
            _("brainstem hematoma of {} mL or more") if rules.brainstem_ml > 0 else _("brainstem hematoma"),
            rules.brainstem_ml,
            rules.small_error_ml,
        ),
    ]
    parts = [text.format(f"{limit:g}") + _give_or_take(error) for text, limit, error in limits if math.isfinite(limit)]
    grown = [_(GROWTH_CRITERIA[criterion]) for criterion in rules.growth if criterion != "new_intraventricular"]
    by = _("growth by {limits}").format(limits=_(" or by ").join(grown))
    parts += [by + _give_or_take(rules.growth_error_ml)] if grown else []
    parts += [_(text) for name, text in GROWTH_CRITERIA.items() if name == "new_intraventricular" and name in rules.growth]
    if rules.network:
        near = _(" (± {percent:g} %)").format(percent=100 * rules.probability_error) if rules.probability_error > 0 else ""
        parts.append(_("network at or above its threshold{error} for {signs}").format(error=near, signs=_names(rules.network)))
    if rules.evidence:
        parts.append(_("measured {signs}").format(signs=_names(rules.evidence)))
    if math.isfinite(rules.bat_score):
        parts.append(_("BAT score of {limit:g} or more").format(limit=rules.bat_score))
    refer = _(
        "Refer now if any of these holds: {reasons}. A value within its error (±) of a limit does not decide by itself: watch, "
        "uncertain, and check the slice."
    ).format(reasons=_("; ").join(parts))
    outside = _("Blood outside the brain is not measured: where a network sees it, watch, uncertain, and check the slice.")
    signs = _("No sign is judged on a hematoma under {sign:g} mL.").format(sign=rules.least_sign_ml)
    pictures = _("On a scan that is cut to a window no sign is judged under {sign:g} mL.").format(
        sign=rules.least_sign_in_pictures_ml
    )
    watch = _("Watch: a hematoma of {least:g} mL{error} or more and none of these. No hematoma found: less than that.").format(
        least=rules.below_ml, error=_give_or_take(rules.small_error_ml)
    )
    more = rules.least_sign_in_pictures_ml > rules.least_sign_ml
    return joined(refer, outside, signs if rules.least_sign_ml > 0 else "", pictures if more else "", watch)


def listed(names: Mapping[str, Any] | tuple[str, ...]) -> str:
    """Names with commas."""
    return ", ".join(names)


def _give_or_take(error_ml: float) -> str:
    return _(" (± {error:g} mL)").format(error=error_ml) if error_ml > 0 else ""


def _laid_over(shipped: Rules | None, path: Path) -> Rules:
    """The rules of a file; what it leaves out is as in ``shipped``, or an error where that is None."""
    given: dict[str, Any] = {}
    for section, content in _parsed(path).items():
        if section not in _SECTIONS or not isinstance(content, Mapping):
            raise InputError(
                _("{path}: there is no section [{section}] in triage rules; use {listed}.").format(
                    path=path, section=section, listed=listed(_SECTIONS)
                )
            )
        for name, value in content.items():
            if name not in _SECTIONS[section]:
                raise InputError(
                    _("{path}: [{section}] has no rule {name}; use {listed}.").format(
                        path=path, section=section, name=name, listed=listed(_SECTIONS[section])
                    )
                )
            given[name] = _checked(path, section, name, value)
    return Rules(**given) if shipped is None else replace(shipped, **given)


def _parsed(path: Path) -> dict[str, Any]:
    try:
        if path.exists() and not (path.is_file() and path.stat().st_size <= _MOST_BYTES):
            raise InputError(
                _("The triage rules {path} are no file of rules, or far larger than any; name another.").format(path=path)
            )
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except RecursionError as error:
        raise InputError(_("The triage rules {path} are nested too deeply; correct them.").format(path=path)) from error
    except OSError as error:
        raise InputError(
            _("The triage rules {path} cannot be read ({strerror}); name a readable file.").format(
                path=path, strerror=error.strerror
            )
        ) from error
    except ValueError as error:  # tomllib.TOMLDecodeError and UnicodeDecodeError
        raise InputError(
            _("The triage rules {path} are not valid TOML: {error}; correct that place.").format(path=path, error=error)
        ) from error


def _checked(path: Path, section: str, name: str, value: Any) -> float | tuple[str, ...]:
    choices = _LISTS.get(name)
    if choices is not None:
        if not isinstance(value, list) or not all(entry in choices for entry in value):
            raise InputError(
                _("{path}: [{section}] {name} must be a list of {listed}; it is {value!r}.").format(
                    path=path, section=section, name=name, listed=listed(choices), value=value
                )
            )
        return tuple(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not value >= 0:
        raise InputError(
            _("{path}: [{section}] {name} must be a number from 0 (inf switches it off); it is {value!r}.").format(
                path=path, section=section, name=name, value=value
            )
        )
    if section == "no_hematoma_found" and math.isinf(value):
        raise InputError(
            _("{path}: [{section}] {name} must be finite, or no hematoma would ever be found.").format(
                path=path, section=section, name=name
            )
        )
    if name in ("least_sign_ml", "least_sign_in_pictures_ml") and math.isinf(value):
        raise InputError(
            _("{path}: [{section}] {name} must be finite, or no sign would ever be judged.").format(
                path=path, section=section, name=name
            )
        )
    if section == "measurement_error" and math.isinf(value):
        raise InputError(
            _("{path}: [{section}] {name} must be finite, or nothing would ever be decided.").format(
                path=path, section=section, name=name
            )
        )
    return float(value)


_LISTS = {"growth": tuple(GROWTH_CRITERIA), "network": MARKERS, "evidence": MARKERS}
_ERRORS = tuple(field.name for field in fields(Rules) if "_error" in field.name)
_SECTIONS = {
    "refer_now": tuple(field.name for field in fields(Rules) if field.name not in ("below_ml", "source", *_ERRORS)),
    "measurement_error": _ERRORS,
    "no_hematoma_found": ("below_ml",),
}


def _names(markers: tuple[str, ...]) -> str:
    return all_of(_(MARKER_NAMES[marker]).lower() for marker in markers)

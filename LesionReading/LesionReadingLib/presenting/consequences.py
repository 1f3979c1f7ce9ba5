"""What findings may mean, in a small TOML file with its sources that anyone can edit (``data/consequences.toml`` of each module).

A section is a finding; it holds ``text``, in which names in braces stand for numbers of the patient, and ``source``.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from string import Formatter
from typing import Any

from ..errors import InputError
from ..language import _, language
from .first_screen import Meaning

_FIELDS = {"text", "source"}
_MOST_BYTES = 1_000_000


class Consequences:
    """The texts of a file.

    Args:
        shipped: the module's own file, which holds every finding, in English; its Japanese is the file ``NAME.ja.toml`` beside it.
        path: a person's file that is laid over it; None for none.

    Raises:
        InputError: the file cannot be read, is not TOML, or names a finding, a field or a number that there is not.
    """

    def __init__(self, shipped: Path, path: Path | None = None) -> None:
        self._texts = _sections(in_language(shipped))
        if path is not None:
            self._lay_over(path)

    def of(self, finding: str, **numbers: Any) -> Meaning:
        """What a finding may mean, with the patient's numbers in its text."""
        section = self._texts[finding]
        return Meaning(section["text"].format(**numbers), section["source"])

    def _lay_over(self, path: Path) -> None:
        for finding, section in _sections(path).items():
            if finding not in self._texts:
                raise InputError(
                    _("{path}: there is no finding [{finding}]; use {listed}.").format(
                        path=path, finding=finding, listed=", ".join(self._texts)
                    )
                )
            shipped = self._texts[finding]
            unknown = _names(path, finding, section.get("text", "")) - _names(path, finding, shipped["text"])
            if unknown:
                raise InputError(
                    _("{path}: the text of [{finding}] asks for {{{unknown}}}, which it does not have; remove it.").format(
                        path=path, finding=finding, unknown=min(unknown)
                    )
                )
            self._texts[finding] = {**shipped, **section}


def in_language(path: Path) -> Path:
    """The file in the language of the context: ``NAME.ja.toml`` beside ``NAME.toml``, the English one where there is none."""
    translated = path.with_suffix(f".{language()}{path.suffix}")
    return translated if translated.exists() else path


def _sections(path: Path) -> dict[str, dict[str, str]]:
    try:
        if path.exists() and not (path.is_file() and path.stat().st_size <= _MOST_BYTES):  # a device or a pipe would never end
            raise InputError(
                _("The consequences {path} are no file of texts, or far larger than any; name another.").format(path=path)
            )
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except RecursionError as error:
        raise InputError(_("The consequences {path} are nested too deeply; correct them.").format(path=path)) from error
    except OSError as error:
        raise InputError(
            _("The consequences {path} cannot be read ({strerror}); name a readable file.").format(
                path=path, strerror=error.strerror
            )
        ) from error
    except ValueError as error:  # tomllib.TOMLDecodeError and UnicodeDecodeError
        raise InputError(
            _("The consequences {path} are not valid TOML: {error}; correct that place.").format(path=path, error=error)
        ) from error
    for finding, section in content.items():
        if not isinstance(section, Mapping) or not all(isinstance(value, str) for value in section.values()):
            raise InputError(
                _("{path}: {finding} must be a section with text and source, each in quotation marks.").format(
                    path=path, finding=finding
                )
            )
        if set(section) - _FIELDS:
            raise InputError(
                _("{path}: [{finding}] has no field {min}; use text and source.").format(
                    path=path, finding=finding, min=min(set(section) - _FIELDS)
                )
            )
    return content


def _names(path: Path, finding: str, text: str) -> set[str]:
    """What stands in braces in a text: bare names, since an attribute or an index would reach into the program, and a width take
    all memory."""
    try:
        names = {
            name + (f"!{conversion}" if conversion else "") + (f":{spec}" if spec else "")
            for _text, name, spec, conversion in Formatter().parse(text)
            if name is not None
        }
    except ValueError as error:
        raise InputError(
            _("{path}: the text of [{finding}] has a brace too many or too few; write {{{{ for a brace.").format(
                path=path, finding=finding
            )
        ) from error
    return names

"""matplotlib as it comes, whatever lies in the folder that a run is started in; and the fonts of its texts."""

from __future__ import annotations

import contextlib
import os
from functools import cache
from pathlib import Path

from ..language import N_, SOURCE_LANGUAGE, language

NO_FONT = N_(
    "No Japanese font was found on this machine, so the texts in the pictures are in English (on Debian or Ubuntu: apt-get "
    "install fonts-noto-cjk)."
)
_USUAL_FONT = "DejaVu Sans"  # comes with matplotlib
_JAPANESE_FONTS = (
    "Noto Sans CJK JP",
    "Noto Sans JP",
    "Hiragino Sans",
    "Yu Gothic",
    "Meiryo",
    "BIZ UDGothic",
    "IPAexGothic",
    "IPAGothic",
    "MS Gothic",
)
_FILES = ("notosanscjk", "notosansjp", "ipaexg", "ipag.", "yugoth", "meiryo", "msgothic")  # how files of these fonts begin


def keep_strange_styles_out() -> None:
    """Import matplotlib without the ``matplotlibrc`` of the current folder, which it would obey, or fail on, before any other.

    To be called before anything else imports it (in a training MONAI does). Costs nothing where there is no such file.
    """
    with contextlib.suppress(ImportError, OSError):
        if os.path.lexists("matplotlibrc"):
            with contextlib.chdir(Path(__file__).parent):
                import matplotlib  # noqa: F401


def picture_language() -> str:
    """The language of texts in pictures: that of the context where this machine has a font for it, else English."""
    return language() if language() == SOURCE_LANGUAGE or _japanese_font() else SOURCE_LANGUAGE


def font_families() -> list[str]:
    """matplotlib's ``font.family`` for the language of the context."""
    font = None if language() == SOURCE_LANGUAGE else _japanese_font()
    return [font, _USUAL_FONT] if font else [_USUAL_FONT]


@cache
def _japanese_font() -> str | None:
    """The first of ``_JAPANESE_FONTS`` there is; matplotlib's list may be older than the font, so files are looked for."""
    from matplotlib import font_manager

    fonts = font_manager.fontManager
    if not _known(fonts):
        for file in font_manager.findSystemFonts():
            if Path(file).name.lower().startswith(_FILES):
                with contextlib.suppress(OSError, RuntimeError):  # a damaged font is none
                    fonts.addfont(file)
    return _known(fonts)


def _known(fonts) -> str | None:
    names = {entry.name for entry in fonts.ttflist}
    return next((name for name in _JAPANESE_FONTS if name in names), None)

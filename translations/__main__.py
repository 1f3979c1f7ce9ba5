"""``make translations``: collect the texts of the sources, update the files for translators, compile what programs read."""

from __future__ import annotations

import sys

from . import catalogue, panels


def main() -> int:
    """Update everything; 1 where a text is not translated yet."""
    waiting = {language: [*catalogue.update(language), *panels.update(language)] for language in catalogue.TRANSLATED}
    for language, texts in waiting.items():
        for text in texts:
            print(f"{language}: not translated: {text}")
    return 1 if any(waiting.values()) else 0


if __name__ == "__main__":
    sys.exit(main())

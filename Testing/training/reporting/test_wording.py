"""How counts are told to people."""

from __future__ import annotations

import re

import pytest
from places import ROOT

from training.wording import how_many

WORDS = "case|patient|slice|frame|head|image|picture|pullback|step|network|hematoma|validation|turn|run|problem|view"


@pytest.mark.parametrize(
    ("number", "what", "told"),
    [(1, "case", "1 case"), (2, "test case", "2 test cases"), (0, "frame", "0 frames"), (3, "process", "3 processes")],
)
def test_one_is_told_in_the_singular(number, what, told):
    assert how_many(number, what) == told


def test_no_text_of_the_trainings_puts_a_plural_behind_any_number():
    """As in ``f"{number} cases"``, which would say "1 cases"."""
    plural = re.compile(rf"""f["'].*\{{(?!name|data|each|chosen)[^{{}}]+\}} ([a-z-]+ )?({WORDS})s\b(?!/)""")
    for file in sorted((ROOT / "training").rglob("*.py")):
        found = [line.strip() for line in file.read_text().splitlines() if plural.search(line)]
        assert not found, (file.name, found)

"""The tutorial and the modules' help speak of the panels as they are: their keys, and the words on their buttons and titles."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest
import slicer.util
from places import ROOT

TUTORIAL = (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")
PANELS = {module: ROOT / module / "Resources" / "UI" / f"{module}.ui" for module in ("OCTCalcium", "HematomaMarkers")}
ELSEWHERE = {
    *("Sample Data", "LesionReading", "Lesion Reading", "OCT pullback (phantom)", "OCT Calcium", "Hematoma Markers"),
    *("File > Save", "Undo"),  # Slicer's
    "Save table",  # of the agreement's window
}


def properties(module, name):
    """That property of every widget of a panel."""
    widgets = ElementTree.parse(PANELS[module]).iter("widget")
    found = (prop for widget in widgets for prop in widget.findall("property") if prop.get("name") == name)
    return ["".join(prop.itertext()).strip() for prop in found]


def words(text):
    """A text of a panel without its underlined letter, dots, arrows and colon."""
    return text.replace("&", "").strip(" .…←→:")


def test_the_keys_of_the_tutorial_are_those_of_the_panel():
    rows = re.findall(r"^\| ([^|]+?) \|", TUTORIAL, re.MULTILINE)[1:]
    keys = [key for row in rows for key in row.split(" and ")]
    assert len(keys) == 8 and set(keys) <= set(properties("OCTCalcium", "shortcut")), keys
    named = set(re.findall(r"\bShift\+[A-Z]\b", TUTORIAL)) | set(re.findall(r"\bpress ([A-Z])\b", TUTORIAL, re.IGNORECASE))
    assert named and named <= {key for module in PANELS for key in properties(module, "shortcut")}


def test_the_words_of_the_tutorial_stand_in_a_panel():
    in_panels = {words(text) for module in PANELS for text in properties(module, "text")}
    named = {words(text) for text in re.findall(r"(?<!\*)\*([^*\n]+)\*(?!\*)", TUTORIAL)}
    assert len(named) > 20
    assert named <= in_panels | ELSEWHERE, named - in_panels - ELSEWHERE


@pytest.mark.parametrize("module", PANELS)
def test_the_keys_of_the_help_are_those_of_the_panel(a_desktop, module):
    a_desktop.load_module(ROOT / module / f"{module}.py")
    text = slicer.util.getModule(module).helpText
    named = set(re.findall(r"\bShift\+[A-Z]\b", text)) | set(re.findall(r"[:;] ([A-Z]) ", text))
    assert named == {"N", "Shift+N", "U", "C", "Shift+W"} and named <= set(properties(module, "shortcut"))
    assert "tutorial.md" in text

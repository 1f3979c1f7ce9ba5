"""The keys of both panels: which they are, and that people are told of them."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from LesionReadingPanel.help import keysOfPanel
from places import ROOT

SHARED = {
    "nextStudyButton": "Shift+W",
    "previousButton": ",",
    "nextButton": ".",
    "nextUncertainButton": "U",
    "reviewedNextButton": "N",
    "reviewedRangeButton": "Shift+N",
    "markButton": "C",
}
TOLD_BY_THE_HELP = ("previousButton", "nextButton")  # alone
KEYS = {"OCTCalcium": {**SHARED, "carryButton": "Shift+C", "otherWayButton": "X"}, "HematomaMarkers": SHARED}


@pytest.mark.parametrize("module", KEYS)
def test_the_buttons_of_reading_have_keys_of_which_the_tool_tips_tell(module):
    found = {}
    for widget in ElementTree.parse(ROOT / module / "Resources" / "UI" / f"{module}.ui").iter("widget"):
        texts = {one.get("name"): "".join(one.itertext()).strip() for one in widget.findall("property")}
        if "shortcut" in texts:
            found[widget.get("name")] = texts["shortcut"]
            if widget.get("name") not in TOLD_BY_THE_HELP:
                assert f"(key {texts['shortcut']})" in texts["toolTip"], widget.get("name")
    assert found == KEYS[module]


@pytest.mark.parametrize("key", ["N", "Shift+N", "U", "comma", "full stop", "C", "Shift+W"])
def test_the_help_of_the_modules_tells_the_keys(key):
    assert f" {key} " in keysOfPanel()

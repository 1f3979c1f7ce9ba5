"""One colour for one thing, in every picture, report and panel of HematomaMarkers.

The hues are those of Okabe and Ito (Color Universal Design, 2008), brightened where they are drawn on a dark scan.
"""

from __future__ import annotations

from LesionReadingLib.labels.unsure import UNSURE_COLOR

COLORS = {
    "hematoma": "#4FC3FF",  # sky blue: a full line; far from the heat map's colours
    "intraventricular": "#F0E442",  # yellow: a dashed line
    "earlier": "#FF7A1A",  # vermilion: the hematoma of the earlier scan, a dotted line
    "unsure": UNSURE_COLOR,  # reddish purple: what the network holds for possible and is not sure of
    "night": "#0B0E13",
}
HEAT_MAP = "inferno"
"""Perceptually ordered (Smith and van der Walt 2015): more heat looks brighter to every eye and to a grey printer."""

DECISION_COLORS = {
    "refer_now": "#B3151B",
    "watch": "#8A5300",
    "watch_uncertain": "#8A5300",
    "no_hematoma_found": "#2C4A70",
    "no_verdict": "#4B2A6B",
}
"""Behind white text, by the code of a decision (``decision.Decision``); in report and panel alike."""

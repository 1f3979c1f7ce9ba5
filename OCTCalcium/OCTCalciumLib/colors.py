"""One colour for one thing, in every picture, report and panel of OCTCalcium.

The hues are those of Okabe and Ito (Color Universal Design, 2008), which people with colour blindness tell apart.
"""

from __future__ import annotations

from LesionReadingLib.labels.unsure import UNSURE_COLOR

COLORS = {
    "calcium": "#E69F00",  # orange: outline on grey frames, arcs, thickness
    "calcium_over_180": "#D55E00",  # vermilion: stretches that run 180 degrees or more around the vessel
    "calcium_under_180": "#F3E7CC",  # ivory: all other calcium in the three-dimensional pictures
    "guidewire": "#56B4E9",  # sky blue
    "lumen": "#009E73",  # bluish green
    "unsure": UNSURE_COLOR,  # reddish purple: where the network holds calcium for possible and did not mark it
    "shadow": "#B8BDC4",  # where the guidewire hides the wall
    "paper": "#FFFFFF",
    "night": "#0B0E13",  # behind grey OCT frames
    "text": "#1B2330",
    "muted": "#5A6472",
    "line": "#D5DAE1",
}

THICKNESS = ("#FBE8BE", COLORS["calcium"], "#9A4A00", "#3D1500")
"""Thin to thick: one hue getting darker, which every eye and a grey printer order alike."""


def rgb(name: str) -> tuple[float, float, float]:
    """Red, green and blue of the named colour, each from 0 to 1 (what VTK and MRML want)."""
    code = COLORS[name]
    return tuple(int(code[at : at + 2], 16) / 255 for at in (1, 3, 5))

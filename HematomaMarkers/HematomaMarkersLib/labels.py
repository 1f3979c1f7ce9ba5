"""Values of HematomaMarkers' label maps, and the four markers in the order in which every array of them is kept."""

from __future__ import annotations

from LesionReadingLib.language import N_

TASK = "hematoma-markers"
"""What a bundle or a training case must be made for, to serve this module."""

BACKGROUND, HEMATOMA, INTRAVENTRICULAR = 0, 1, 2
OUTSIDE_BRAIN = 3
"""Subarachnoid, subdural and epidural blood: a network may be taught to find it; no label map that is measured holds it."""
NAMES = ("background", N_("hematoma"), N_("intraventricular blood"))
OUTSIDE_NAME = "blood outside the brain"

HYPODENSITY, IRREGULAR_MARGIN, BLEND, FLUID_LEVEL = MARKERS = ("hypodensity", "irregular_margin", "blend", "fluid_level")
MARKER_NAMES = {
    HYPODENSITY: N_("Hypodensity"),
    IRREGULAR_MARGIN: N_("Irregular margin"),
    BLEND: N_("Blend sign"),
    FLUID_LEVEL: N_("Fluid level"),
}
PROBABILITY_NAMES = {
    HYPODENSITY: N_("hypodensity (probability)"),
    IRREGULAR_MARGIN: N_("irregular margin (probability)"),
    BLEND: N_("blend (probability)"),
    FLUID_LEVEL: N_("fluid level (probability)"),
}
LOCATIONS = (N_("putamen"), N_("thalamus"), N_("subcortical"), N_("cerebellum"), N_("brainstem"))

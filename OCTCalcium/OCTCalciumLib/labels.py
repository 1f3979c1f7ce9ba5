"""The label values of a segmented pullback, the same in every file and array of OCTCalcium."""

from LesionReadingLib.language import N_

TASK = "oct-calcium"
"""What a bundle or a training case must be made for, to serve this module."""

BACKGROUND, CALCIUM, GUIDEWIRE, LUMEN = range(4)

NAMES = (N_("background"), N_("calcium"), N_("guidewire"), N_("lumen"))

# The one rule for drawing and reading the guidewire: its label covers the wire's reflection and its shadow,
# and ends this far beyond the lumen border (mm). The annotators of the source study had no such rule and lost accuracy by it.
GUIDEWIRE_SHADOW_BEYOND_LUMEN_MM = 1.0

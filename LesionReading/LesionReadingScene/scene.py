"""Slicer's scene (MRML): volumes, label maps and results as nodes. Runs on desktop Slicer and on ``slicer-core``.

Only this package and the panels touch MRML, and nothing but this file need be imported from elsewhere.
"""

from __future__ import annotations

from .label_layers import Copying, directly
from .labels import add_segmentation, labels_of, load_segmentation, placed_labels, replace_labels
from .marking import add_region, remove_region
from .results import (
    corrected,
    drawn,
    fill_table,
    make_result,
    most_uncertain,
    next_unreviewed,
    reading,
    remove_result,
    result_json,
    result_node,
    result_of,
    results,
    reviewed,
    set_drawn,
    set_reading,
    set_result_json,
    set_result_node,
    set_reviewed,
    slice_digests,
)
from .tracking import TrackedLabels
from .volumes import (
    add_volume,
    has_spacing,
    measured_grid,
    set_slice_spacing_unknown,
    set_typed_spacing,
    spacing_source,
    volume_array,
    volume_grid,
    volume_spacing,
    write_volume_node,
)

__all__ = [
    "Copying",
    "TrackedLabels",
    "add_region",
    "add_segmentation",
    "add_volume",
    "corrected",
    "directly",
    "drawn",
    "fill_table",
    "has_spacing",
    "labels_of",
    "load_segmentation",
    "make_result",
    "measured_grid",
    "most_uncertain",
    "next_unreviewed",
    "placed_labels",
    "reading",
    "remove_region",
    "remove_result",
    "replace_labels",
    "result_json",
    "result_node",
    "result_of",
    "results",
    "reviewed",
    "set_drawn",
    "set_reading",
    "set_result_json",
    "set_result_node",
    "set_reviewed",
    "set_slice_spacing_unknown",
    "set_typed_spacing",
    "slice_digests",
    "spacing_source",
    "volume_array",
    "volume_grid",
    "volume_spacing",
    "write_volume_node",
]

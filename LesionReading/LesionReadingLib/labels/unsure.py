"""Where a network is unsure, as a segmentation of its own beside the label map, for Slicer's views."""

from __future__ import annotations

from .label_map import Code, Segment

UNSURE_SEG = "unsure.seg.nrrd"
UNSURE_COLOR = "#CC79A7"
"""Reddish purple of Okabe and Ito (Color Universal Design, 2008), in every picture, page and panel."""

_TISSUE = ("SCT", "85756007", "Tissue")  # DICOM CID 7150: nothing more is known of it


def unsure_segments(region: Code) -> tuple[Segment, ...]:
    """The one segment, of value 1, in a region of the body."""
    color = tuple(int(UNSURE_COLOR[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return (Segment(1, "where the network is unsure", color, _TISSUE, _TISSUE, region),)

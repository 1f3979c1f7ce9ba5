"""Widgets of the names that Slicer's have."""

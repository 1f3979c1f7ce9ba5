"""Runs of the worker beside Slicer."""

"""Slicer's scene (MRML): slicer and vtk, no Qt."""

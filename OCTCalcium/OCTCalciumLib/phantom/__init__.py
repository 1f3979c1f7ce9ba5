"""Vessels drawn by optics, whose truth is known."""

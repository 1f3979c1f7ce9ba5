"""Heads drawn by physics, whose truth is known."""

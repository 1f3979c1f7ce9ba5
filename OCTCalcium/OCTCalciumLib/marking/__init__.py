"""Calcium marked by its two ends, without a network."""

"""A pullback from whatever a path holds."""

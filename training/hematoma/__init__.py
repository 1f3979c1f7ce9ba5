"""Training of HematomaMarkers: phantom data, the two stages, evaluation, bundle."""

"""The bundle of a training and its model card: what was learnt, and what was measured of it."""

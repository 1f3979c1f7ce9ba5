"""A scan as the networks see it."""

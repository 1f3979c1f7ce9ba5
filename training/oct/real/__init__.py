"""Real frames, to measure on and to compare the phantoms with."""

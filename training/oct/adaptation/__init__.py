"""A two-step model adapted to a clinic's own corrected frames."""

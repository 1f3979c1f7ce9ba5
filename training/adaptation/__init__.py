"""What adapting a model to a clinic's own corrected cases has in common, whatever it reads."""

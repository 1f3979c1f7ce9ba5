"""How good a model of heads is, and the rule that its slices make a patient by."""

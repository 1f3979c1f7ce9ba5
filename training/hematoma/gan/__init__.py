"""A conditional SNGAN that draws hematomas with and without a sign, so that a classifier has more of them to learn from."""

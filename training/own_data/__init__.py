"""A user's own cases: imported, listed, split."""

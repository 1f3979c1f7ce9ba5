"""A head CT from whatever a path holds, in HU."""

"""A hematoma marked by one click, without a network."""

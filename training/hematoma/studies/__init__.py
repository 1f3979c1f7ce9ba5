"""The source study's experiments."""

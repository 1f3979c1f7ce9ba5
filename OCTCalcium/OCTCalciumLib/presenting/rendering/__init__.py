"""The vessel in three dimensions, drawn in a process of its own."""

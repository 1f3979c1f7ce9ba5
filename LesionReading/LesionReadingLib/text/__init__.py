"""Texts: numbers of frames and slices, identities, free text out of files."""

"""The worklist of both panels."""

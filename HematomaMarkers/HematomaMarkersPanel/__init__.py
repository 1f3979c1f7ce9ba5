"""The parts of the HematomaMarkers module's panel: each file turns one part of it into widgets and nodes."""

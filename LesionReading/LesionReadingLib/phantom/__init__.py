"""What the phantoms of both modules have in common."""

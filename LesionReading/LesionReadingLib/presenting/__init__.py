"""What both modules' reports share."""

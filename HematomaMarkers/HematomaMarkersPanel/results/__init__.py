"""What the panel shows of a scan that was read."""

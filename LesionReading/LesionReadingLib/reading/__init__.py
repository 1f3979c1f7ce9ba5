"""Reading images: what a path holds, and what both modules need to open it."""

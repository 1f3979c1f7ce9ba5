"""From a label map to volumes and areas."""

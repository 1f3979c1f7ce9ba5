"""From a label map to arcs, depths, areas, volumes and lesions."""

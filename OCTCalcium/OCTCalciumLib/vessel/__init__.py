"""The vessel in one frame, for all stages alike: where it is seen, rays, arcs, the closed lumen, slips of the brush."""

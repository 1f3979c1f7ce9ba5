"""The vessel in one frame's labels, for networks, measurements and pictures alike: rays, the closed lumen, slips of the brush."""

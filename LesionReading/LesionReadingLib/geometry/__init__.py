"""Where voxels lie: grids, spacings, NRRD files."""

"""The signs of growth, measured on the voxels."""

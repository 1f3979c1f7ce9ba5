"""A batch: the studies below a folder, found, run one after the other, recorded, and laid out in one table."""

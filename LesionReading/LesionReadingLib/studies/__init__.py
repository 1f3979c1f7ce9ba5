"""Many studies: batches, worklists, readers and their agreement, cases for a training."""

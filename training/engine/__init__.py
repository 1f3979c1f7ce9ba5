"""What every training is made of: steps, checkpoints, processes, options, progress."""

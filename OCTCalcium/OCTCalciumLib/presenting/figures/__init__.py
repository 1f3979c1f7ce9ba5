"""Pictures of frames and of the pullback."""

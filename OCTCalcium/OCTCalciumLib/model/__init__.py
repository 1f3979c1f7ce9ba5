"""The networks: input, inference, post-processing."""

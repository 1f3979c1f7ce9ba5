"""Training of the networks: ``python -m training <task> <command>``."""

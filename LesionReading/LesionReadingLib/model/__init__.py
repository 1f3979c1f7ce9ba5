"""What both modules share of a network: its bundle, and its prediction of a stack."""

"""The networks: inference and what a patient's slices say together."""

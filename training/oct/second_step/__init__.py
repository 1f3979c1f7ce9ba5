"""The second step of the OCT model: calcium in the unrolled wall."""

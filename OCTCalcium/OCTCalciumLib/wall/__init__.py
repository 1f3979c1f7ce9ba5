"""The wall unrolled behind the lumen, what the network says of it, and the ranges that follow."""

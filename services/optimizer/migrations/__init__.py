"""The tables of the optimizer."""

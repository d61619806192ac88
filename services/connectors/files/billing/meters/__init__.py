"""Which bucket a cloud's meter fills: its name says the model, the direction, the tier, and whether it is a batch."""

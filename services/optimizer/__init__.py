"""The optimizer: what could be saved, how sure that is, and what it rests on."""

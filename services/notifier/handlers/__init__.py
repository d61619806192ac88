"""Taking events in, and delivering messages."""

"""The ways to receivers, one a file."""

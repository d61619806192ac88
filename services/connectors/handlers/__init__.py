"""Use cases of the connectors."""

"""Pure rules of the connectors."""

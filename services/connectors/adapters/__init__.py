"""Edges of the connectors."""

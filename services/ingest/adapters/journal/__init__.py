"""Accepted events on disk, until they are safe elsewhere."""

"""The tables of governance."""

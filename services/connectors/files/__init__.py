"""Exported usage and cost files."""

"""Polled sources: one file each."""

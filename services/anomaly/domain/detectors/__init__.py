"""Detectors: each judges one channel of one series when an hour closes."""

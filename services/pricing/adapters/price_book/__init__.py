"""Copies of the price list that are newer than the wheel's: read, judged, kept."""

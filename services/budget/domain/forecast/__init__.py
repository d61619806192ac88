"""Forecasts of a budget: bucket by bucket, and without history."""

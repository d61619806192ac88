"""What was never seen before: keys used in new ways, and people on new models."""

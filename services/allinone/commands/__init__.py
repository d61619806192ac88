"""Commands of `aifinops` that are more than a few lines, one a file."""

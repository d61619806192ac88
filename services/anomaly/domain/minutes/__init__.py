"""Below the hour: runaway loops, found while the hour they fall in is still open."""

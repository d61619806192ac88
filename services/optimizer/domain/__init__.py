"""Rules, their statistics, and the life of a recommendation; no I/O."""

"""Coverage-guided fuzzing of what strangers send."""

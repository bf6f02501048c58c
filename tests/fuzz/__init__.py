"""Coverage-guided fuzzing of what reads a client's bytes."""

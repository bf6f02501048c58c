"""A call from its start to its end: the pure machine, and the use cases that move it."""

"""A call as a value, from its start to its end: no clock, no I/O, no library."""

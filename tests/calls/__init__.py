"""The core, by its own tests alone: no clock, no I/O, no service."""

"""Bounds on what clients make the node hold: connections, bytes that wait, memory."""

"""The running service under random interleavings of what clients, networks and time do."""

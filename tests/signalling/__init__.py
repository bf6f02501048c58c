"""The use cases by themselves; through sockets they are tested in tests/protocol."""

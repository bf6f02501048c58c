"""The use cases: what clients, time and losses do to calls and sessions."""

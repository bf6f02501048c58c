"""Clients' connections: who gets in, and their events in order, each to its use case."""

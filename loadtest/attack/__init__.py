"""Attacks on one node, and what they cost everybody else: `make attack`."""

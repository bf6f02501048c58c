"""Credentials: the arithmetic, and what a real coturn makes of it."""

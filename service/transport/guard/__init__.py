"""Bounds on what clients make the node hold: connections, bytes that wait, memory.

How often a client may do something is no matter of this folder: see `service/limits.py`.
"""

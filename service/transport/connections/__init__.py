"""Clients' connections: who gets in, and their events in order, each to its use case.

`connections` lets them in and out, `connection` is one of them, `receiving` takes its events, which
`event_queue` and `workers` handle in turn, and `dispatch` finds the use case. No socket is here.
"""

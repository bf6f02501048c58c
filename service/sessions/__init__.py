"""The joined sessions of this node: how to find, reach and probe them. No call is known here.

`session` writes to its client, `reply` answers one event of it, `directory` finds sessions, and
`liveness` asks those that have been silent.
"""

"""A call as a value, from its start to its end: no clock, no I/O, no library, no session.

`call` is the value, `sides` its two halves, `events` what can happen to it, and `machine` the table
of what follows. `rules`, `media`, `absence` and `moving` are what its rows do, `effects` whom they
tell, and `reasons` why calls end. `timeouts` and `lifetime` say when a call ends by itself, and
`admission` whether one may start.
"""

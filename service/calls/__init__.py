"""A call as a value, from its start to its end: no clock, no I/O, no library, no session.

`call` is the value, `events` is what can happen to it, `machine` the table of what follows, `rules`
and `media` what its rows do, `effects` whom they tell, `reasons` why calls end, and `admission` is
whether one may start.
"""

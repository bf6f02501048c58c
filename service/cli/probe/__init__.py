"""`ringline probe`: two users call each other, end to end, and it says what does not work.

`options` has the arguments, from which `target` and `users` are made. A run is in `trial`: two
`client`s hold a `conversation`, `ice` tries TURN, and `steps` records how each step went. `canary`
repeats runs for Prometheus, `command` prints. This file imports nothing, so that `ringline --help`
is quick.
"""

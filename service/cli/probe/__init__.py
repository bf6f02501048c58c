"""`ringline probe`: two users call each other, end to end, and it says what does not work.

`options` are its arguments, `target` and `guests` what they come to. A run is told in `trial`: it
has two `client`s hold a `conversation`, and tries `ice`; `steps` is how it went. `canary` repeats
it for Prometheus, `command` prints. Nothing is imported here: `ringline --help` reads the options.
"""

"""The stores of one process: dictionaries behind the ports, with the same races decided.

Nothing here waits but a repeated request for its first answer, so each other method is atomic; the
methods are coroutines because a network stands behind the same ports elsewhere.
"""

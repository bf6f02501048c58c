"""The stores that there are; a new one is a line here, and every test of the ports runs over it."""

from collections.abc import Callable

from service.stores import Stores, open_stores

EVERY: dict[str, Callable[[], Stores]] = {"memory": open_stores}
"""What opens each, empty."""

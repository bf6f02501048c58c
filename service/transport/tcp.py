"""The TCP connections of one port: how many there may be, and how they are drained."""

from collections.abc import Callable
from typing import Protocol

_EACH = 2
"""Connections that one client may need: long-polling sends while it waits for an answer."""


class Http(Protocol):
    """A connection that speaks HTTP."""

    def drain(self) -> None:
        """Make its current or next request the last one."""
        ...


class TcpConnections:
    """Counts connections, and tells those that speak HTTP when the node drains.

    Args:
        most: clients that may be connected, twice as many connections; 0 is no limit.
        refused: told why a newcomer was turned away.
    """

    def __init__(
        self, most: int = 0, refused: Callable[[str], None] = lambda _reason: None
    ) -> None:
        self.silent = 0
        """Connections over which no request has come yet."""
        self.draining = False
        self.refused = refused
        self._most = most * _EACH
        self._http: set[Http] = set()

    def excess(self, count: int) -> int:
        """How many of `count` connections are more than there may be."""
        return max(0, count - self._most) if self._most else 0

    def opened(self, connection: Http) -> None:
        """One more, silent so far."""
        self.silent += 1
        self._http.add(connection)

    def asked(self) -> None:
        """One that was silent has sent a request, or is gone."""
        self.silent -= 1

    def closed(self, connection: Http) -> None:
        """One is gone, or speaks HTTP no more."""
        self._http.discard(connection)

    def drain(self) -> None:
        """Close what is idle, and each other one behind the request that is under way."""
        self.draining = True
        for connection in tuple(self._http):
            connection.drain()

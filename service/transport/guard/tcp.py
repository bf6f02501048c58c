"""The TCP connections of one port: how many there may be, whose turn it is, how they drain."""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Callable
from time import perf_counter
from typing import Protocol

from service.auth.senders import block_of
from service.pace import TURN_S
from service.transport.guard.unjoined import Unjoined
from service.transport.guard.waiting import Waiting

EACH = 2
"""Connections that one client may need: long-polling sends while it waits for an answer."""
TOLD = 100
"""Connections beyond the most there may be that are told so; all others are cut at once."""
MOST_SILENT = 4_000
"""Connections of one address over which no request has come; at 8 KiB each."""


class Http(Protocol):
    """A connection that speaks HTTP."""

    asked: bool
    """Whether a request has come over it, or none is awaited any more."""

    def cut(self) -> None:
        """Close it, whatever is under way."""

    def drain(self) -> None:
        """Make its current or next request the last one."""

    def part(self) -> bool:
        """Close it if it is idle; whether it was."""

    def parse_on(self) -> None:
        """Parse for a turn; it queues once more where there is more."""


class TcpConnections:
    """Counts connections, and tells those that speak HTTP when the node drains.

    Args:
        most: connections that there may be.
        refused: told why a newcomer was turned away.
    """

    def __init__(self, most: int, refused: Callable[[str], None] = lambda _reason: None) -> None:
        self.silent = 0
        """Connections over which no request has come yet."""
        self.draining = False
        self.busy = False
        """Whether some wait for their turn to parse."""
        self.refused = refused
        self.waiting = Waiting(refused)
        """What their clients have waiting."""
        self._most = most
        self._http: set[Http] = set()
        self._idle: OrderedDict[Http, None] = OrderedDict()
        """Those that waited for a request when last heard of; the longest first."""
        self._silent: Unjoined[Http] = Unjoined(MOST_SILENT)
        self._queue: deque[Http] = deque()

    def opened(self, connection: Http, address: str, count: int) -> int:
        """One more, silent so far, which makes `count`.

        Where these are more than there may be, one that is idle gives way to it; of too many silent
        ones of its address the oldest does. If none can, the newcomer is refused: what is returned
        is how many there are too many, and 0 otherwise.
        """
        excess = count - self._most
        if excess > 0 and not self.make_room():
            self.refused("overloaded")
            connection.asked = True
            return excess
        self.silent += 1
        self._http.add(connection)
        self._idle[connection] = None
        if oldest := self._silent.add(block_of(address), connection):
            self.refused("overloaded")
            oldest.cut()
        return 0

    def make_room(self) -> bool:
        """Close the connection that has been idle for longest; whether there was one."""
        while self._idle:
            longest = next(iter(self._idle))
            del self._idle[longest]
            if longest.part():
                return True
        return False

    def asked(self, connection: Http, address: str) -> None:
        """One that was silent has sent a request, or is gone."""
        connection.asked = True
        self.silent -= 1
        self._silent.discard(block_of(address), connection)

    def idle(self, connection: Http) -> None:
        """One is answered and may ask again."""
        self._idle[connection] = None
        self._idle.move_to_end(connection)

    def closed(self, connection: Http, address: str) -> None:
        """One is gone, or speaks HTTP no more."""
        if not connection.asked:
            self.asked(connection, address)
        self._http.discard(connection)
        self._idle.pop(connection, None)

    def queue(self, connection: Http) -> None:
        """Have it parse on once all others that wait have had their turn."""
        self._queue.append(connection)
        if not self.busy:
            self._summon()

    def _summon(self) -> None:
        self.busy = bool(self._queue)
        if self.busy:
            asyncio.get_running_loop().call_soon(self._serve)

    def _serve(self) -> None:
        until = perf_counter() + TURN_S
        try:
            while self._queue and perf_counter() < until:
                self._queue.popleft().parse_on()
        finally:
            self._summon()

    def drain(self) -> None:
        """Close what is idle, and each other one behind the request that is under way."""
        self.draining = True
        for connection in tuple(self._http):
            connection.drain()

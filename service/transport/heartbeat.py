"""The libraries' connection with a timer for its heartbeat where they have a task that sleeps.

A task of its own and what it sleeps on cost each idle connection kilobytes, a timer 200 bytes.

Leaned on, and held by tests/transport/test_contract.py: engineio builds each connection as
`engineio.async_socket.AsyncSocket`, looked up there; `schedule_ping`, `last_ping`, `closing`,
`closed`, `server.ping_interval`, `queue`.
"""

import asyncio
import time
from typing import Any

import engineio.async_socket
from engineio.packet import PING, Packet


class Heartbeat(engineio.async_socket.AsyncSocket):  # type: ignore[misc]
    """Pings when it is time to; whoever does not answer is found by the libraries' own round."""

    def __init__(self, server: Any, sid: str) -> None:
        super().__init__(server, sid)
        self.last_ping: float | None
        self.frames: Any = None
        """What serves its WebSocket, if there is one."""
        self.polling: Any = None
        """What serves its long-polling, if it has polled."""

    def schedule_ping(self) -> None:
        """Ping after the interval, unless that is on its way."""
        if self.last_ping:
            self.last_ping = None
            asyncio.get_running_loop().call_later(self.server.ping_interval, self._ping)

    def _ping(self) -> None:
        if not self.closing and not self.closed:
            self.last_ping = time.time()
            self.queue.put_nowait(Packet(PING))


def install() -> None:
    """Have engineio build its connections so."""
    engineio.async_socket.AsyncSocket = Heartbeat

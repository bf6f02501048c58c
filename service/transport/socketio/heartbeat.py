"""The libraries' connection with one timer, which says who is gone.

Their own round over all connections is switched off, and their own waits are longer than any
heartbeat's (engine.py). A task for each and what it sleeps on would cost an idle connection
kilobytes; a timer costs 200 bytes.

tests/transport/test_contract.py holds what this leans on of engineio. The server's
`heartbeat` is ours: interval and timeout in seconds; and so is `serve`, of `Endpoint`.
"""

import asyncio
from collections.abc import Callable
from typing import Any

import engineio.async_socket
from engineio.exceptions import SocketIsClosedError
from engineio.packet import PING, Packet
from starlette.types import Scope

from service.transport.socketio.client import Client

_UNREAD_S = 0.1
"""A pong that came while the loop was held up is read within this, before its client is gone."""


class Heartbeat(engineio.async_socket.AsyncSocket):  # type: ignore[misc]
    """A client is pinged an interval after its last pong, and has the timeout to answer.

    Who does not is gone, whatever else it sends: at the latest interval and timeout after its last
    pong. Over polling the timeout runs from when the ping is queued.
    """

    def __init__(self, server: Any, sid: str) -> None:
        super().__init__(server, sid)
        self.last_ping: float | None = None
        """When the ping went out that waits for its pong (loop time)."""
        self._loop = asyncio.get_running_loop()
        self.heard = self._loop.time()
        """When anything last came from the client (loop time)."""
        self.client: Client | None = None
        """What sends to it, until it is over."""
        self._timer: asyncio.TimerHandle | None = None
        self._answered: Callable[[], object] | None = None

    @property
    def silent_s(self) -> float:
        """Seconds since anything came from the client."""
        return self._loop.time() - self.heard

    def probe(self, within_s: float | None, answered: Callable[[], object]) -> None:
        """Ping out of turn: who does not answer within `within_s`, or the timeout, is gone.

        A ping that is under way will do, since pongs have no number and one more would be an
        answer to nothing. `answered` is called at the pong, and never when none comes.
        """
        self._answered = answered
        if self.last_ping is None:
            self._ping(within_s)
        elif (
            within_s is not None
            and self._timer
            and self._timer.when() - self._loop.time() > within_s
        ):
            self._in(within_s, self._late)

    def schedule_ping(self) -> None:
        """The connection is open, or a pong has come: ping after the interval."""
        self.last_ping = None
        self._in(self.server.heartbeat[0], self._ping)
        answered, self._answered = self._answered, None
        if answered is not None:
            answered()

    async def send(self, pkt: Packet) -> None:
        """Send a packet, if there is a client for all that is known."""
        if self.closed:
            raise SocketIsClosedError
        self.queue.put_nowait(pkt)

    async def handle_get_request(self, environ: Scope) -> None:
        """Have the WebSocket that opened the connection serve it."""
        await self.server.serve(self, environ)

    async def close(
        self, wait: bool = True, abort: bool = False, reason: str | None = None  # noqa: FBT001, FBT002 - theirs
    ) -> None:  # fmt: skip
        """The connection is over, and its heartbeat with it."""
        if self._timer is not None:
            self._timer.cancel()
        self._answered = None
        await super().close(wait, abort, reason)

    def _ping(self, within_s: float | None = None) -> None:
        if self.closing or self.closed:
            return
        timeout: float = self.server.heartbeat[1]
        self.last_ping = self._loop.time()
        self._in(timeout if within_s is None else min(within_s, timeout), self._late)
        self.queue.put_nowait(Packet(PING))

    def _late(self) -> None:
        self._in(_UNREAD_S, self._lost)

    def _lost(self) -> None:
        if self.client is not None:
            reason = self.server.reason.PING_TIMEOUT
            self.client.tasks.spawn(self.close(wait=False, abort=True, reason=reason))

    def _in(self, seconds: float, act: Callable[[], object]) -> None:
        """Do this next, in the place of what the timer was set for."""
        if self._timer is not None:
            self._timer.cancel()
        if not self.closing:
            self._timer = self._loop.call_later(seconds, act)

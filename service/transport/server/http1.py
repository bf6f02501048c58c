"""A TCP connection that speaks HTTP/1.1, from the first byte until it closes or is a WebSocket.

It has bounds on how long it waits, on what is written and not read, and on how many there are.
docs/decisions/0022-bounds-below-asgi.md.

tests/transport/test_contract.py holds what this leans on of uvicorn.
"""

import asyncio

from service import errors
from service.transport.guard.tcp import TOLD
from service.transport.guard.waiting import Share
from service.transport.http.arrival import Arrival
from service.transport.http.denial import written
from service.transport.http.problems import Full, problem
from service.transport.server.request_parser import WITHIN_S, Flow, RequestParser
from service.transport.websocket.handshake import Handshake

READ_WITHIN_S = 10
"""Seconds that a client has to read of an answer what the kernel does not take."""
MOST_UNWRITTEN = 4 * 1024
"""Bytes written that the kernel does not take, beyond which they count as waiting, of its address;
nothing more is written then."""
_READABLE = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "Retry-After",
}
"""Any page may read why its request is refused here: that holds nothing of anybody's."""
_LATE_S = 0.5
"""How long a client that is refused has to read why."""
_PARTING_S = 1.0
"""How long an idle connection is served when the node drains: a request may be on its way."""


class BoundedHttp(RequestParser):
    """One TCP connection, until it is closed or becomes a WebSocket."""

    _unread: asyncio.TimerHandle | None = None
    _parting: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for a first request, unless there is no room and none that is idle or silent."""
        super().connection_made(transport)
        transport.set_write_buffer_limits(MOST_UNWRITTEN)
        self.flow = Flow(transport)
        self.flow.unparsed = self._unparsed
        self._arrival = Arrival(transport)
        self._address = self.client[0] if self.client else ""
        self._share = Share(self._tcp.waiting, self._address, self._crowded)
        excess = self._tcp.opened(self, self._address, len(self.connections))
        if not excess:
            self._deadline = self.loop.call_later(WITHIN_S, self.cut)
        elif excess > TOLD:
            self.cut()
        else:
            self.refuse(Full())

    def eof_received(self) -> None:
        """The client has hung up: what it has not acknowledged is lost."""
        self._arrival.ended()
        super().eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing waits any more."""
        self._has_read()
        if self._parting is not None:
            self._parting.cancel()
        self._arrival.ended()
        self._leave()
        self._share.close()
        super().connection_lost(exc)
        if not self._answering():
            self.cycle = None  # type: ignore[assignment]

    def pause_writing(self) -> None:
        """More is written than the client reads, which counts whoever it is."""
        super().pause_writing()
        self._unread = self.loop.call_later(READ_WITHIN_S, self.cut)
        self._written = self.transport.get_write_buffer_size()
        self._share.known = False
        self._hold()

    def resume_writing(self) -> None:
        """The client has caught up."""
        super().resume_writing()
        self._has_read()
        self._written = 0
        self._hold()
        self._upgrade()

    def _has_read(self) -> None:
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None

    def handle_websocket_upgrade(self) -> None:
        """Hand over to `Handshake`. What had a body would be taken for frames."""
        headers = dict(self.headers)
        if b"transfer-encoding" in headers or headers.get(b"content-length", b"0") != b"0":
            self.refuse(errors.InvalidPayload("A WebSocket handshake has no body."))
            return
        if self._answering() or self.flow.write_paused:  # what was asked before is read first
            self._upgrading = True
            self.flow.pause_reading()
            return
        self._leave()
        self.transport.set_write_buffer_limits()  # the WebSocket has its own bound
        self.connections.discard(self)
        self._share.known, self._share.cut = False, self.transport.abort
        handshake = Handshake(
            self.transport, self.server_state, self.config.ws_max_size, self._share
        )
        self.transport.set_protocol(handshake)
        handshake.decide(self.app, dict(self.scope), self.url)

    def _upgrade(self) -> None:
        """Take up the handshake that waits behind an answer, if one does."""
        if self._upgrading and not self._answering():
            self._upgrading = False
            self.handle_websocket_upgrade()

    def _leave(self) -> None:
        """Parse no more, and keep nothing of what was parsed: the client may be slow to go."""
        self._over = True
        self._unparsed.clear()
        self.parser, self.headers = None, []  # type: ignore[assignment]
        self._share.spare()
        self._unset_deadline()
        self._unset_keepalive_if_required()
        self._tcp.closed(self, self._address)

    def on_response_complete(self) -> None:
        """The answer is written: on with what waits, the rest of the request at first."""
        self._kept = 0
        super().on_response_complete()
        if self.transport.is_closing():
            self.cycle = None  # type: ignore[assignment]
            self._parting = self.loop.call_later(READ_WITHIN_S, self.cut)
            return
        if self._upgrading:
            self._upgrade()
            return
        if self._over and self._refusal:
            self.refuse(self._refusal)
        elif self.cycle.response_complete and not self._in_head:
            self._within(WITHIN_S, self.cut)
        self._parse()
        if self._idle():
            self._tcp.idle(self)

    def drain(self) -> None:
        """Make the request that is under way the last one, or the one that may be on its way."""
        if self._answering():
            self.cycle.keep_alive = False
        else:
            self.loop.call_later(_PARTING_S, self.part)

    def part(self) -> bool:
        """Close it if it is idle; whether it was."""
        idle = self._idle()
        if idle:
            self.cut()
        return idle

    def _idle(self) -> bool:
        """Whether no request is under way, and none has begun."""
        begun = self._over or self._head or self._unparsed or not self._in_head
        return not (begun or self._answering())

    def _crowded(self) -> None:
        self.refuse(Full("Too much waits of your address; try again."))

    def refuse(self, error: errors.RinglineError) -> None:
        """Hear nothing more, say why, behind the answers that are awaited, and close.

        A client that does not read what it has been answered is not told.
        """
        self._leave()
        if self.flow.write_paused:
            self.cut()
            return
        self._refusal = error
        self.flow.pause_reading()
        if self._answering() and (self._in_head or self.pipeline):
            return
        if not self._abandoned():
            self.transport.write(written(problem(error, more=_READABLE)))
        self._parting = self.loop.call_later(_LATE_S, self.cut)

    def _abandoned(self) -> bool:
        """Have no answer come to a request that is refused in its body; whether one has begun."""
        if not self._answering():
            return False
        self.cycle.disconnected, self.cycle.body = True, bytearray()
        self.cycle.message_event.set()
        begun: bool = self.cycle.response_started
        return begun

"""uvicorn's HTTP/1.1, with bounds on what a client can make it keep, and on how long it waits.

A request's line and headers have 32 KiB and 10 s, its body no more framing than that; what it
pipelines waits unread. docs/decisions/0022-bounds-below-asgi.md.

Leaned on, and held by tests/transport/test_contract.py: of `HttpToolsProtocol`, `data_received`,
`eof_received`, `connection_made`, `connection_lost`, `on_message_begin`, `on_header`,
`on_headers_complete`, `on_body`, `on_chunk_header` (httptools' own), `on_message_complete`,
`on_response_complete`, `handle_websocket_upgrade`, `send_400_response`,
`timeout_keep_alive_handler`, `pause_writing`, `resume_writing`, `_unset_keepalive_if_required`,
`app`, `url`, `config`, `server_state`, `headers`, `scope`, `cycle`, `pipeline`, `flow`, `loop`,
`transport`, `connections`, `timeout_keep_alive`, `timeout_keep_alive_task`; of its cycle, `body`,
`keep_alive` and `response_complete`; and that whatever pauses and resumes reading is a
`FlowControl`.
"""

import asyncio
from collections.abc import Callable
from time import perf_counter
from typing import Any

from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT, FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from service import errors
from service.transport.guard.tcp import TOLD, TcpConnections
from service.transport.guard.waiting import SHARE, Share
from service.transport.http.arrival import ARRIVAL, Arrival
from service.transport.http.denial import written
from service.transport.http.problems import problem
from service.transport.websocket.handshake import Handshake

MOST_HEAD = 32 * 1024
"""Bytes of a request's line and headers; and of what frames the chunks of its body."""
MOST_HEADERS = 256
WITHIN_S = 10
"""Seconds to send the first request's first byte, a head from its first byte on, and the rest of a
body whose request is answered already."""
_TURN_S = 0.001
"""How long a connection is parsed at once: chunks of a byte each are 80 ms to parse in one read."""
READ_WITHIN_S = 10
"""Seconds that a client has to read of an answer what the kernel does not take."""
MOST_UNREAD = 4 * 1024
"""Bytes written that the kernel does not take, beyond which they count as waiting, of its address;
nothing more is written then."""
_STEP = 1024
"""Bytes parsed at once: of pipelined requests, those of one step are kept."""
_CHUNK = 32
"""Bytes of framing that a chunk may have without further ado."""
_OF_A_BODY = frozenset({b"content-length", b"transfer-encoding"})
_READABLE = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "Retry-After",
}
"""Any page may read why its request is refused here: that holds nothing of anybody's."""
_LATE_S = 0.5
"""How long a client that is refused has to read why."""
_PARTING_S = 1.0
"""How long an idle connection is served when the node drains: a request may be on its way."""
_RETRY_MS = 5_000


class HeadTooLarge(errors.InvalidPayload):
    """The request's line and headers are more than is read."""

    status = 431
    default = "The request's line and headers have more than 32 KiB, or there are more than 256."


class HeadTooSlow(errors.InvalidPayload):
    """The request's line and headers did not come."""

    status = 408
    default = "The request's line and headers took too long."


class Crowded(errors.ServerDraining):
    """The port has as many TCP connections as it may have."""

    default = "The server has all the connections it may have; try again."


class BoundedHttp(HttpToolsProtocol):
    """One TCP connection, until it is closed or becomes a WebSocket."""

    def __init__(self, tcp: TcpConnections, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._tcp = tcp
        self._asked = False
        self._unparsed = bytearray()
        self._in_head = True
        self._begun = False
        self._ended = False
        self._head = 0
        self._framing = 0
        self._kept = 0
        self._written = 0
        self._refusal: errors.RinglineError | None = None
        self._over = False
        self._queued = False
        self._upgrading = False
        self._deadline: asyncio.TimerHandle | None = None
        self._unread: asyncio.TimerHandle | None = None
        self._parting: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for a first request, unless there is no room and none that is idle or silent."""
        super().connection_made(transport)
        transport.set_write_buffer_limits(MOST_UNREAD)
        self.flow = _Flow(transport, self._unparsed)
        self._arrival = Arrival(transport)
        self._address = self.client[0] if self.client else ""
        self._share = Share(self._tcp.waiting, self._address, self._crowded)
        excess = self._tcp.excess(len(self.connections))
        if not excess or self._tcp.make_room():
            self._tcp.opened(self, self._address)
            self._tcp.idle(self)
            self._within(WITHIN_S, self.cut)
            return
        self._asked = True
        self._tcp.refused("overloaded")
        if excess > TOLD:
            self.cut()
        else:
            self._refuse(Crowded(retry_after_ms=_RETRY_MS))

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
        if any(name in _OF_A_BODY and value != b"0" for name, value in self.headers):
            self._refuse(errors.InvalidPayload("A WebSocket handshake has no body."))
            return
        if self._answering() or self.flow.write_paused:  # what was asked before is read first
            self._upgrading = True
            self.flow.pause_reading()
            return
        self._leave()
        self._share.close()
        self.transport.set_write_buffer_limits()  # the WebSocket has its own bound
        self.connections.discard(self)
        share = Share(self._tcp.waiting, self._address, self.transport.abort)
        handshake = Handshake(self.transport, self.server_state, self.config.ws_max_size, share)
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
        self._tcp.closed(self)
        self._has_asked()

    def _has_asked(self) -> None:
        if not self._asked:
            self._asked = True
            self._tcp.asked(self, self._address)

    def data_received(self, data: bytes) -> None:
        """Parse what was read, little by little, and nothing behind a request that waits."""
        if not self._over:
            self._unparsed += data
            if not self._queued:
                self._parse(0 if self._tcp.busy else _TURN_S)

    def parse_on(self) -> None:
        """Have a turn, of those that wait for one."""
        self._queued = False
        self._parse()

    def _parse(self, within_s: float = _TURN_S) -> None:
        """Parse what there is, a step at least; what is too much has a turn behind all others."""
        until = perf_counter() + within_s
        while self._unparsed and not self._waits() and not self._over:
            step = min(_STEP, MOST_HEAD - self._head) if self._in_head else _STEP
            some = bytes(self._unparsed[:step])
            del self._unparsed[:step]
            self._take(some)
            if perf_counter() >= until:
                break
        if self._unparsed:
            self.flow.pause_reading()
            if not self._waits() and not self._queued:
                self._queued = True
                self._tcp.queue(self)
        elif self._may_read():
            self.flow.resume_reading()
        if not self._over:
            self._hold()

    def _hold(self) -> None:
        self._share.hold(self._kept + len(self._unparsed) + self._written)

    def _may_read(self) -> bool:
        """Whether nothing that was read waits for the application (uvicorn's own bounds)."""
        waiting = self._answering() and len(self.cycle.body) > HIGH_WATER_LIMIT
        return not self._over and not self._waits() and not waiting

    def _waits(self) -> bool:
        """Whether a request waits for the answer to an earlier one."""
        return bool(self.pipeline) or self._upgrading

    def _take(self, some: bytes) -> None:
        """Parse this, and see that all but the body is within bounds."""
        in_head, self._ended = self._in_head, False
        self._kept += len(some)
        if in_head and not self._head:
            self._unset_deadline()
        if not in_head:
            self._framing += len(some)
        super().data_received(some)
        if self._over:
            return
        if self._ended:  # of what it has brought of the next head, little is known
            self._head = int(self._begun)
        elif in_head:
            self._head += len(some)
        if (self._in_head and self._head >= MOST_HEAD) or self._framing > MOST_HEAD:
            self._refuse(HeadTooLarge())
        elif self._in_head and self._head and self._deadline is None:
            self._within(WITHIN_S, self._too_slow)

    def on_message_begin(self) -> None:
        """The first byte of a request."""
        self._begun = True
        self._tcp.asks(self)
        self._arrival.asked_again()
        self._share.known = False
        super().on_message_begin()
        extensions: dict[str, Any] = {ARRIVAL: self._arrival, SHARE: self._share}
        self.scope["extensions"] = extensions

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header. A trailer is none (RFC 9110, 6.5.1): no proxy has looked at it."""
        if not self._in_head:
            return
        if len(self.headers) >= MOST_HEADERS:
            self._refusal = HeadTooLarge()
            raise self._refusal
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """A request is there."""
        self._in_head, self._framing = False, 0
        self._unset_deadline()
        self._has_asked()
        super().on_headers_complete()
        if self._tcp.draining and self._answering():
            self.cycle.keep_alive = False

    def on_chunk_header(self) -> None:
        """A chunk begins."""
        self._framing = max(0, self._framing - _CHUNK)

    def on_body(self, body: bytes) -> None:
        """A piece of the body."""
        self._framing = max(0, self._framing - len(body))
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is whole."""
        self._in_head, self._begun, self._ended = True, False, True
        self._head = self._framing = 0
        if self._deadline is not None:  # it was answered before
            self._unset_deadline()
            self._await_next()
            self._tcp.idle(self)
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """The answer is written: on with what waits, the rest of the request at first."""
        self._kept = 0
        super().on_response_complete()
        if self.transport.is_closing():
            self.cycle = None  # type: ignore[assignment]
            return
        if self._upgrading:
            self._upgrade()
            return
        if self._over and self._refusal:
            self._refuse(self._refusal)
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

    def timeout_keep_alive_handler(self) -> None:
        """No further request came."""
        self.cut()

    def send_400_response(self, msg: str) -> None:
        """Refuse what cannot be parsed."""
        self._refuse(self._refusal or errors.InvalidPayload(msg))

    def _answering(self) -> bool:
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is not None and not cycle.response_complete

    def _crowded(self) -> None:
        self._refuse(
            Crowded("Too much waits of your address; try again.", retry_after_ms=_RETRY_MS)
        )

    def _too_slow(self) -> None:
        self._refuse(HeadTooSlow())

    def _refuse(self, error: errors.RinglineError) -> None:
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
            answer = problem(error, more=_READABLE)
            self.transport.write(
                written(answer.status_code, answer.raw_headers, bytes(answer.body))
            )
        self._parting = self.loop.call_later(_LATE_S, self.cut)

    def _abandoned(self) -> bool:
        """Have no answer come to a request that is refused in its body; whether one has begun."""
        if not self._answering():
            return False
        self.cycle.disconnected, self.cycle.body = True, bytearray()
        self.cycle.message_event.set()
        begun: bool = self.cycle.response_started
        return begun

    def cut(self) -> None:
        """Close it, whatever is under way."""
        self.transport.abort()

    def _await_next(self) -> None:
        self.timeout_keep_alive_task = self.loop.call_later(
            self.timeout_keep_alive, self.timeout_keep_alive_handler
        )

    def _within(self, seconds: float, otherwise: Callable[[], None]) -> None:
        self._unset_deadline()
        self._deadline = self.loop.call_later(seconds, otherwise)

    def _unset_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


class _Flow(FlowControl):
    """uvicorn's, but that nothing more is read while something waits to be parsed."""

    def __init__(self, transport: asyncio.Transport, unparsed: bytearray) -> None:
        super().__init__(transport)
        self._unparsed = unparsed

    def resume_reading(self) -> None:
        """Read on, unless there is something to parse."""
        if not self._unparsed:
            super().resume_reading()

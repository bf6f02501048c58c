"""The requests of one TCP connection, parsed by uvicorn little by little and within bounds.

A request's line and headers have 32 KiB and 10 s, its body no more framing than that; what it
pipelines waits unread. docs/decisions/0022-bounds-below-asgi.md.

tests/transport/test_contract.py holds what this leans on of uvicorn and httptools.
"""

import asyncio
from abc import abstractmethod
from collections.abc import Callable
from time import perf_counter
from typing import Any

from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT, FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from service import errors
from service.transport.guard.tcp import Http, TcpConnections
from service.transport.guard.waiting import SHARE, Share
from service.transport.http.arrival import ARRIVAL, Arrival

MOST_HEAD = 32 * 1024
"""Bytes of a request's line and headers; and of what frames the chunks of its body."""
MOST_HEADERS = 256
WITHIN_S = 10
"""Seconds to send the first request's first byte, a head from its first byte on, and the rest of a
body whose request is answered already."""
_TURN_S = 0.001
"""How long a connection is parsed at once: chunks of a byte each are 80 ms to parse in one read."""
_STEP = 1024
"""Bytes parsed at once: of pipelined requests, those of one step are kept."""
_CHUNK = 32
"""Bytes of framing that a chunk may have without further ado."""


class HeadTooLarge(errors.InvalidPayload):
    """The request's line and headers are more than is read."""

    status = 431
    default = "The request's line and headers have more than 32 KiB, or there are more than 256."


class HeadTooSlow(errors.InvalidPayload):
    """The request's line and headers did not come."""

    status = 408
    default = "The request's line and headers took too long."


class RequestParser(HttpToolsProtocol, Http):
    """Reads requests; what becomes of the connection is decided by who inherits from it."""

    _arrival: Arrival
    _share: Share
    _address: str

    asked = False
    _in_head = True
    _begun = _ended = _over = _queued = _upgrading = False
    _head = _framing = _kept = _written = 0
    _refusal: errors.RinglineError | None = None
    _deadline: asyncio.TimerHandle | None = None

    def __init__(self, tcp: TcpConnections, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._tcp = tcp
        self._unparsed = bytearray()

    @abstractmethod
    def refuse(self, error: errors.RinglineError) -> None:
        """Hear nothing more, say why, and close."""

    def cut(self) -> None:
        """Close it, whatever is under way."""
        self.transport.abort()

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
        while self._unparsed and not (self._over or self.pipeline or self._upgrading):
            step = min(_STEP, MOST_HEAD - self._head) if self._in_head else _STEP
            some = bytes(self._unparsed[:step])
            del self._unparsed[:step]
            self._take(some)
            if perf_counter() >= until:
                break
        if self._over:
            return
        waits = self.pipeline or self._upgrading  # for the answer to an earlier request
        if self._unparsed:
            self.flow.pause_reading()
            if not waits and not self._queued:
                self._queued = True
                self._tcp.queue(self)
        elif not waits and not (self._answering() and len(self.cycle.body) > HIGH_WATER_LIMIT):
            self.flow.resume_reading()  # nothing waits for the application, by uvicorn's own bound
        self._hold()

    def _hold(self) -> None:
        self._share.hold(self._kept + len(self._unparsed) + self._written)

    def _take(self, some: bytes) -> None:
        """Parse this, and see that all but the body is within bounds."""
        in_head, head, self._ended = self._in_head, self._head, False
        self._kept += len(some)
        if not in_head:
            self._framing += len(some)
        super().data_received(some)
        if self._over:
            return
        if self._ended:  # of what it has brought of the next head, little is known
            self._head = int(self._begun)
        elif in_head:
            self._head += len(some)
        many = len(self.headers or ()) > MOST_HEADERS
        if many or self._framing > MOST_HEAD or (self._in_head and self._head >= MOST_HEAD):
            self.refuse(HeadTooLarge())
        elif self._in_head and self._head and (self._ended or not head):
            self._within(WITHIN_S, lambda: self.refuse(HeadTooSlow()))

    def on_message_begin(self) -> None:
        """The first byte of a request."""
        self._begun = True
        self._arrival.asked_again()
        self._share.known = False
        super().on_message_begin()
        extensions: dict[str, Any] = {ARRIVAL: self._arrival, SHARE: self._share}
        self.scope["extensions"] = extensions

    def on_headers_complete(self) -> None:
        """A request is there."""
        if len(self.headers) > MOST_HEADERS:
            self._refusal = HeadTooLarge()
            raise self._refusal
        self._in_head, self._framing = False, 0
        self._unset_deadline()
        if not self.asked:
            self._tcp.asked(self, self._address)
        super().on_headers_complete()
        # Trailers go to a list that nobody reads (RFC 9110, 6.5.1): no proxy has looked at them.
        self.headers = [*self.headers]
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
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )
            self._tcp.idle(self)
        super().on_message_complete()

    def timeout_keep_alive_handler(self) -> None:
        """No further request came."""
        self.cut()

    def send_400_response(self, msg: str) -> None:
        """Refuse what cannot be parsed."""
        self.refuse(self._refusal or errors.InvalidPayload(msg))

    def _answering(self) -> bool:
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is not None and not cycle.response_complete

    def _within(self, seconds: float, otherwise: Callable[[], None]) -> None:
        self._unset_deadline()
        self._deadline = self.loop.call_later(seconds, otherwise)

    def _unset_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


class Flow(FlowControl):
    """uvicorn's, but that nothing more is read while something waits to be parsed."""

    unparsed: bytearray

    def resume_reading(self) -> None:
        """Read on, unless there is something to parse."""
        if not self.unparsed:
            super().resume_reading()

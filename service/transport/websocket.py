"""uvicorn's WebSocket protocol, with bounds on what a client can make it keep and do.

Leaned on, and held by tests/transport/test_contract.py: `data_received`, `connection_lost`,
`handle_cont`, `handle_ping`, `handle_pong`, `handle_parser_exception`, `receive`, `frames`, `conn`,
`close_sent`, `read_paused`, `loop`, `transport`; and websockets' `http11.MAX_LINE_LENGTH` and
`MAX_NUM_HEADERS`.
"""

from typing import TYPE_CHECKING, Any, cast

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets import http11
from websockets.frames import CloseCode, Frame

from service.clock import wall_clock
from service.limits import Meter
from service.transport.http1 import MOST_HEAD, MOST_HEADERS
from service.transport.line import CONTROLS, FAILED, MOST_FRAGMENTS, MOST_UNREAD

if TYPE_CHECKING:
    from uvicorn._types import ASGIReceiveEvent

PARSED_AT_ONCE = 8 * 1024
"""Bytes: a read brings 256 KiB, and of empty frames that is near half a second's work."""
MOST_LATE = 256 * 1024
"""Bytes that a client may send after our close frame, for what was on its way."""
_LATE_S = 0.5
"""How long a client that sends more may take to read the close frame."""
# It parses a handshake that is within bounds once more, and has narrower bounds of its own.
http11.MAX_LINE_LENGTH = MOST_HEAD
http11.MAX_NUM_HEADERS = MOST_HEADERS


class BoundedProtocol(WebSocketsSansIOProtocol):
    """Cuts a client that sends a message in endless pieces, or pings and does not read.

    Parses little at a time, and after a close does not listen for long.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._unparsed = bytearray()
        self._late = 0
        self._controls = Meter()

    def data_received(self, data: bytes) -> None:
        """What was read: parsed at once when it is little, else in turn with all others' work."""
        if self.close_sent:
            self._late += len(data)
        if self._late > MOST_LATE:
            self.transport.pause_reading()
            self.loop.call_later(_LATE_S, self.transport.abort)
        elif self._unparsed:
            self._unparsed += data
        elif len(data) <= PARSED_AT_ONCE:
            super().data_received(data)
        else:
            self._unparsed += data
            self._parse()

    def _parse(self) -> None:
        if self.transport.is_closing():
            return
        some = bytes(self._unparsed[:PARSED_AT_ONCE])
        del self._unparsed[:PARSED_AT_ONCE]
        super().data_received(some)
        if self._unparsed:
            self.transport.pause_reading()
            self.loop.call_soon(self._parse)
        elif not self.read_paused:
            self.transport.resume_reading()

    async def receive(self) -> "ASGIReceiveEvent":
        """The next message; uvicorn reads on when there is none, whatever waits to be parsed."""
        message = await super().receive()
        if self._unparsed:
            self.transport.pause_reading()
        return message

    def connection_lost(self, exc: Exception | None) -> None:
        """The transport is gone."""
        self._unparsed.clear()
        super().connection_lost(exc)

    def handle_cont(self, event: Frame) -> None:
        """One more piece of a message."""
        if self.close_sent:
            return
        if len(self.frames) >= MOST_FRAGMENTS:
            self.conn.fail(CloseCode.MESSAGE_TOO_BIG, "too many fragments")
            self.handle_parser_exception()
            return
        super().handle_cont(event)

    def handle_parser_exception(self) -> None:
        """The client has broken RFC 6455, and the close frame says how."""
        if self.conn.close_sent is not None:
            cast("dict[str, Any]", self.scope)[FAILED] = self.conn.close_sent.code
        super().handle_parser_exception()

    def handle_ping(self) -> None:
        """A ping of the WebSocket itself, whose pong nothing else holds back."""
        if self._too_many():
            return
        if self.transport.get_write_buffer_size() > MOST_UNREAD:
            self.transport.abort()
            return
        super().handle_ping()

    def handle_pong(self, event: Frame) -> None:
        """A pong, though nobody has pinged."""
        if not self._too_many():
            super().handle_pong(event)

    def _too_many(self) -> bool:
        """Whether pings and pongs come too often, or the client has broken a rule before."""
        if self.close_sent:
            return True
        if not self._controls.take(CONTROLS, wall_clock()):
            return False
        self.conn.fail(CloseCode.POLICY_VIOLATION, "too many pings")
        self.handle_parser_exception()
        return True

"""uvicorn's WebSocket protocol, with bounds on what a client can make it keep and do.

Leaned on, and held by tests/transport/test_contract.py: `data_received`, `connection_lost`,
`connection_made`, `handle_connect`, `handle_cont`, `handle_ping`, `handle_pong`,
`handle_parser_exception`, `receive`, `frames`, `conn` and its `reader`, `client`, `config`,
`scope`, `handshake_initiated`, `handshake_complete`, `close_sent`, `read_paused`, `loop`,
`transport`; and websockets' `http11.MAX_LINE_LENGTH` and `MAX_NUM_HEADERS`.
"""

from asyncio import BaseTransport
from typing import TYPE_CHECKING, Any, cast

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets import http11
from websockets.frames import CloseCode, Frame
from websockets.http11 import Request

from service.clock import wall_clock
from service.limits import Meter
from service.transport.http1 import MOST_HEAD, MOST_HEADERS
from service.transport.line import CONTROLS, FAILED, MOST_FRAGMENTS, MOST_UNREAD
from service.transport.lingering import LINGER_S, MOST_LATE
from service.transport.waiting import BEYOND_A_MESSAGE, SHARE, Share, Waiting

if TYPE_CHECKING:
    from uvicorn._types import ASGIReceiveEvent

PARSED_AT_ONCE = 2 * 1024
"""Bytes: a read brings 128 KiB, and of empty frames that is a quarter of a second's work, and 5 MiB
where they wait for the application."""
# It parses a handshake that is within bounds once more, and has narrower bounds of its own.
http11.MAX_LINE_LENGTH = MOST_HEAD
http11.MAX_NUM_HEADERS = MOST_HEADERS


class BoundedProtocol(WebSocketsSansIOProtocol):
    """Cuts a client that sends a message in endless pieces, or pings and does not read.

    Parses little at a time, and after a close does not listen for long.
    """

    def __init__(self, waiting: Waiting, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._waiting = waiting
        self._most = self.config.ws_max_size + BEYOND_A_MESSAGE
        self._came = 0
        self._unparsed = bytearray()
        self._summoned = False
        self._late = 0
        self._controls = Meter()

    def connection_made(self, transport: BaseTransport) -> None:
        """Take the transport over from uvicorn."""
        super().connection_made(transport)
        address = self.client[0] if self.client else ""
        self._share = Share(self._waiting, address, self._crowded)

    def handle_connect(self, event: Request) -> None:
        """The handshake: who serves it tells the share when the client's token is found good."""
        super().handle_connect(event)
        if not self.handshake_complete:
            cast("dict[str, Any]", self.scope)["extensions"][SHARE] = self._share

    def data_received(self, data: bytes) -> None:
        """What was read: parsed at once when it is little, else in turn with all others' work."""
        if self.close_sent:
            self._late += len(data)
        if self._late > MOST_LATE:
            self.transport.pause_reading()
            self.loop.call_later(LINGER_S, self.transport.abort)
        elif not self.handshake_initiated:
            super().data_received(data)
        elif self._within(len(data)):
            self._unparsed += data
            if not self._summoned:
                self._parse()

    def _within(self, size: int) -> bool:
        """Whether a client that nobody knows yet may bring so much more."""
        if self._share.known or self.close_sent:
            return True
        self._came += size
        if self._came > self._most:
            self._fail(CloseCode.MESSAGE_TOO_BIG, "more than may come before CONNECT is answered")
            return False
        return self._share.hold(self._came)

    def _crowded(self) -> None:
        self._fail(CloseCode.TRY_AGAIN_LATER, "too much of this address waits")

    def _fail(self, code: CloseCode, why: str) -> None:
        self._unparsed.clear()
        self.conn.fail(code, why)
        self.handle_parser_exception()

    def _parse(self) -> None:
        """Parse a little; the rest in turn with all others' work, once the last has been taken."""
        self._summoned = False
        if self.transport.is_closing():
            return
        if not self.read_paused:
            some = bytes(self._unparsed[:PARSED_AT_ONCE])
            del self._unparsed[:PARSED_AT_ONCE]
            super().data_received(some)
        if self._unparsed:
            self._parse_on()
        elif not self.read_paused:
            self.transport.resume_reading()

    def _parse_on(self) -> None:
        self.transport.pause_reading()
        if not self.read_paused and not self._summoned:
            self._summoned = True
            self.loop.call_soon(self._parse)

    async def receive(self) -> "ASGIReceiveEvent":
        """The next message; uvicorn reads on when there is none, whatever waits to be parsed."""
        message = await super().receive()
        if self._unparsed:
            self._parse_on()
        return message

    def connection_lost(self, exc: Exception | None) -> None:
        """The transport is gone."""
        self._unparsed.clear()
        self.conn.reader.discard()  # else it is there until cycles are collected
        self._share.close()
        super().connection_lost(exc)

    def handle_cont(self, event: Frame) -> None:
        """One more piece of a message."""
        if self.close_sent:
            return
        if len(self.frames) >= MOST_FRAGMENTS:
            self._fail(CloseCode.MESSAGE_TOO_BIG, "too many fragments")
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

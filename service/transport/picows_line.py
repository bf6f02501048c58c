"""A line on picows: a WebSocket whose every frame is a call, and what a client may send over it.

Leaned on, and held by tests/transport/test_contract.py: the arguments of picows' `WSProtocol`, that
it takes a transport over by being fed a request, `get_buffer`, `buffer_updated`, and that it
writes behind what the transport still has.
"""

import logging
from typing import Any, cast

import structlog
from mypy_extensions import mypyc_attr
from picows import WSAutoPingStrategy, WSCloseCode, WSListener, WSMsgType, WSTransport
from picows.picows import WSProtocol  # type: ignore[attr-defined]  # its stub leaves it out
from websockets.frames import CloseCode

from service.transport.line import MOST_FRAGMENTS, MOST_UNREAD, Receiver
from service.transport.lingering import Lingering
from service.transport.outbox import Outbox, outbox

_log = structlog.get_logger(__name__)

_READ_BUFFER = 2_048
_MOST_WAITING = 64 * 1024
"""Bytes that wait for the end of the turn: so that the transport's own bound is seen within it."""
_LONGEST_SENT = 8_192
"""Bytes of a message that picows may send. A longer one it hands to the transport behind a view of
its own buffer, which uvloop keeps: should that wait, the next frame's header overwrites it."""
_TWO_BYTES_FROM, _EIGHT_BYTES_FROM = 126, 65_536
"""The sizes from which a frame tells its own in two bytes, in eight."""
_HANDSHAKE = (
    b"GET / HTTP/1.1\r\nHost: -\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %b\r\n\r\n"
)
"""What picows is told of a handshake that the application has accepted: it would keep the rest."""
_TEXT, _CONTINUATION, _PING, _PONG, _CLOSE = (
    WSMsgType.TEXT,
    WSMsgType.CONTINUATION,
    WSMsgType.PING,
    WSMsgType.PONG,
    WSMsgType.CLOSE,
)

# picows would make a logger for each connection out of a `Logger`; and what clients do wrong is
# no error of the service.
_picows_log = logging.LoggerAdapter(logging.getLogger("picows"))
_picows_log.setLevel(logging.CRITICAL)


@mypyc_attr(native_class=False)  # picows makes its own of it
class PicowsLine(WSListener):
    """An open WebSocket: text messages in and out, within bounds, and its end."""

    __slots__ = (
        "_connections", "_crowded", "_most", "_outbox", "_pieces", "_receiver", "_size", "_socket",
        "_texts", "_waiting",
    )  # fmt: skip

    def __init__(self, most_bytes: int, connections: set[Any], outbox: Outbox) -> None:
        self._most = most_bytes
        self._connections = connections
        self._outbox = outbox
        self._texts: list[bytes] = []
        self._waiting = 0
        self._receiver: Receiver | None = None
        self._socket: WSTransport | None = None
        self._pieces: list[bytes] = []
        self._size = 0
        self._crowded = False

    def serve(self, receiver: Receiver) -> None:
        """Tell `receiver` from now on."""
        self._receiver = receiver

    def send(self, text: bytes) -> bool:
        """Write a message in this turn; False when the client must be cut, who reads too little."""
        if self._receiver is None:
            return True
        if not self._texts:
            self._outbox.add(self)
        self._texts.append(text)
        self._waiting += len(text)
        if self._waiting > _MOST_WAITING:
            self.flush()
        return not self._crowded or self.queued() <= MOST_UNREAD

    def flush(self) -> None:
        """Write what this turn had for the client, all at once.

        Nothing, once picows has closed by itself: the client has broken the protocol.
        """
        socket, texts, size = self._socket, self._texts, self._waiting
        if not texts:
            return
        self._texts, self._waiting = [], 0
        if socket is None or socket.is_close_frame_sent or socket.is_disconnected:
            return
        if len(texts) == 1 and size <= _LONGEST_SENT:
            socket.send(_TEXT, texts[0])
        else:
            socket.underlying_transport.write(b"".join(map(_framed, texts)))

    def queued(self) -> int:
        """Bytes that the operating system has not taken."""
        if self._socket is None:
            return 0
        size: int = self._socket.underlying_transport.get_write_buffer_size()
        return size + self._waiting

    def close(self, code: int) -> None:
        """Send a close frame, once, and hear nothing more."""
        socket, self._receiver = self._socket, None
        if socket is not None and not socket.is_close_frame_sent:
            self.flush()
            socket.send_close(cast("WSCloseCode", code))
            socket.disconnect()

    def shutdown(self) -> None:
        """End, as uvicorn asks of every connection."""
        receiver = self._receiver
        self.close(CloseCode.GOING_AWAY)
        if receiver is not None:
            receiver.lost()

    def pause_reading(self) -> None:
        """Read no more from the client for now."""
        if self._socket is not None:
            self._socket.underlying_transport.pause_reading()

    def resume_reading(self) -> None:
        """Read on."""
        if self._socket is not None:
            self._socket.underlying_transport.resume_reading()

    # picows calls these.

    def on_ws_connected(self, transport: WSTransport) -> None:
        """The handshake is answered."""
        self._socket = transport
        self._connections.add(self)

    def on_ws_frame(self, transport: WSTransport, frame: Any) -> None:
        """One frame, unmasked."""
        receiver = self._receiver
        if receiver is None or transport.is_close_frame_sent:
            return
        try:
            kind = frame.msg_type
            if frame.rsv1 or frame.rsv2 or frame.rsv3:
                self._break(receiver, CloseCode.PROTOCOL_ERROR)
            elif kind is _TEXT and frame.fin and not self._pieces:
                self._whole(receiver, frame.get_payload_as_bytes())
            elif kind is _TEXT or kind is _CONTINUATION:
                self._piece(receiver, frame, first=kind is _TEXT)
            else:
                self._control(transport, receiver, frame)
        except Exception:  # noqa: BLE001 - the boundary: picows would end the connection unlogged
            _log.exception("socket.frame_failed")
            self._break(receiver, CloseCode.INTERNAL_ERROR)

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        """The transport is gone, by whomever."""
        del transport
        self._connections.discard(self)
        receiver, self._receiver, self._socket = self._receiver, None, None
        if receiver is not None:
            receiver.lost()

    def pause_writing(self) -> None:
        """More is written than the client reads."""
        self._crowded = True

    def resume_writing(self) -> None:
        """The client has caught up."""
        self._crowded = False

    def _whole(self, receiver: Receiver, message: bytes) -> None:
        try:
            text = message.decode()
        except UnicodeDecodeError:
            self._break(receiver, CloseCode.INVALID_DATA)
        else:
            receiver.received(text)

    def _piece(self, receiver: Receiver, frame: Any, *, first: bool) -> None:
        if first is bool(self._pieces):
            self._break(receiver, CloseCode.PROTOCOL_ERROR)
            return
        self._pieces.append(frame.get_payload_as_bytes())
        self._size += frame.payload_size
        if len(self._pieces) > MOST_FRAGMENTS or self._size > self._most:
            self._break(receiver, CloseCode.MESSAGE_TOO_BIG)
        elif frame.fin:
            message = b"".join(self._pieces)
            self._forget()
            self._whole(receiver, message)

    def _control(self, transport: WSTransport, receiver: Receiver, frame: Any) -> None:
        if frame.msg_type is _CLOSE:
            self.close(CloseCode.NORMAL_CLOSURE)
            receiver.lost()
        elif frame.msg_type is _PING:
            if self.queued() > MOST_UNREAD:
                transport.disconnect(graceful=False)
            else:
                transport.send_pong(frame.get_payload_as_bytes())
        elif frame.msg_type is not _PONG:
            receiver.broken()

    def _break(self, receiver: Receiver, code: int) -> None:
        self._forget()
        self.close(code)
        receiver.lost()

    def _forget(self) -> None:
        self._pieces, self._size = [], 0


def _framed(text: bytes) -> bytes:
    """A text message as one unmasked frame (RFC 6455, 5.2)."""
    size = len(text)
    if size < _TWO_BYTES_FROM:
        return b"\x81%c%b" % (size, text)
    if size < _EIGHT_BYTES_FROM:
        return b"\x81\x7e%b%b" % (size.to_bytes(2, "big"), text)
    return b"\x81\x7f%b%b" % (size.to_bytes(8, "big"), text)


def take_over(transport: Any, key: bytes, most_bytes: int, connections: set[Any]) -> PicowsLine:
    """Answer a handshake with 101 and let picows have the transport.

    Args:
        transport: an open asyncio transport; what it reads comes over the line from now on.
        key: the client's `Sec-WebSocket-Key`.
        most_bytes: what a message may have; a larger one closes with 1009.
        connections: uvicorn's, which the line is in while it is open.
    """
    line = PicowsLine(most_bytes, connections, outbox())
    parser = parser_of(line, most_bytes)
    parser.connection_made(Lingering(transport))
    handshake = _HANDSHAKE % key
    parser.get_buffer(len(handshake))[: len(handshake)] = handshake
    parser.buffer_updated(len(handshake))
    transport.set_protocol(parser)
    return line


def parser_of(line: PicowsLine, most_bytes: int) -> Any:
    """The parser that calls a line; it pings nobody, since Engine.IO has heartbeats of its own."""
    return WSProtocol(
        None, None, False, lambda _request: line, _picows_log, True, None,  # noqa: FBT003
        False, 10, 10, WSAutoPingStrategy.PING_WHEN_IDLE, False, most_bytes, None, _READ_BUFFER,  # noqa: FBT003
    )  # fmt: skip

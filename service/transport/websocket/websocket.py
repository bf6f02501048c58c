"""An open WebSocket whose every frame is a call, and what a client may send over it.

A turn of the event loop reads from many clients, and often several messages from one: trickled
candidates come in bursts. What a turn has for one client is written at its end, by one system call:
that costs more than all else that is done for a message.

Leaned on, and held by tests/transport/test_contract.py: that picows writes behind what the
transport still has, and that `close_handshake.sent` has the code with which it closes by itself.
"""

import asyncio
from abc import ABC, abstractmethod
from typing import Any

import structlog
from picows import WSMsgType

from service.clock import wall_clock
from service.limits import Limit, Meter
from service.transport.websocket.close_codes import (
    GOING_AWAY,
    INTERNAL_ERROR,
    INVALID_TEXT,
    MESSAGE_TOO_BIG,
    NORMAL_CLOSURE,
    POLICY_VIOLATION,
    PROTOCOL_ERROR,
)
from service.transport.websocket.input_limiter import InputLimiter
from service.wire.violations import Rule

_log = structlog.get_logger(__name__)

MOST_FRAGMENTS = 1_024
"""Frames of one message: empty ones would count for nothing in its size."""
CONTROLS = Limit(count=100, per_ms=10_000)
"""Pings and pongs of the WebSocket itself (RFC 6455, 5.5): a client sends one in some seconds."""
MOST_UNREAD = 1024 * 1024
"""Bytes written that a client has not read, before `socketio/client.py` cuts it."""
_RULE_OF = {
    PROTOCOL_ERROR: Rule.WEBSOCKET,
    INVALID_TEXT: Rule.UTF8,
    MESSAGE_TOO_BIG: Rule.TOO_LARGE,
    POLICY_VIOLATION: Rule.PING,
}
"""Which rule a client has broken whose WebSocket is closed with such a code."""
_MOST_WAITING = 64 * 1024
"""Bytes that wait for the end of the turn: so that the transport's own bound is seen within it."""
_LONGEST_SENT = 8_192
"""Bytes of a message that picows may send. A longer one it hands to the transport behind a view of
its own buffer, which uvloop keeps: should that wait, the next frame's header overwrites it."""
_TWO_BYTES_FROM, _EIGHT_BYTES_FROM = 126, 65_536
"""The sizes from which a frame tells its own in two bytes, in eight."""
_TEXT, _CONTINUATION, _PING, _PONG, _CLOSE = (
    WSMsgType.TEXT,
    WSMsgType.CONTINUATION,
    WSMsgType.PING,
    WSMsgType.PONG,
    WSMsgType.CLOSE,
)


class FrameReceiver(ABC):
    """Receives what comes over a WebSocket."""

    __slots__ = ()

    @abstractmethod
    def received(self, text: str) -> None:
        """A text message came."""

    @abstractmethod
    def broken(self, rule: Rule, code: int) -> None:
        """A message came that breaks a rule, for which the WebSocket closes with such a code."""

    @abstractmethod
    def crowded(self) -> None:
        """Too much waits of the client's address."""

    @abstractmethod
    def slow(self) -> None:
        """The client reads too little of what is written."""

    @abstractmethod
    def lost(self) -> None:
        """The connection is gone."""


class WebSocket:
    """An open WebSocket: text messages in and out, within bounds, and its end.

    Args:
        transport: what picows reads from and writes to.
        most_bytes: what a message may have.
        connections: uvicorn's, which this is in while it is open.
    """

    __slots__ = (
        "_connections", "_controls", "_crowded", "_most", "_open", "_pieces", "_receiver", "_size",
        "_socket", "_texts", "_transport", "_waiting", "limiter", "paused",
    )  # fmt: skip

    def __init__(self, transport: Any, most_bytes: int, connections: set[Any]) -> None:
        self._transport = transport
        self._most = most_bytes
        self._connections = connections
        self._texts: list[bytes] = []
        self._waiting = 0
        self._receiver: FrameReceiver | None = None
        self._socket: Any = None
        self._pieces: list[bytes] = []
        self._size = 0
        self._controls: Meter | None = None
        self._crowded = False
        self._open = True
        self.limiter: InputLimiter | None = None
        self.paused = False
        """Whether no more is to be read."""

    def serve(self, receiver: FrameReceiver) -> None:
        """Tell `receiver` from now on."""
        self._receiver = receiver

    def send(self, text: bytes) -> bool:
        """Write a message in this turn; False when the client must be cut, who reads too little."""
        if not self._open:
            return True
        if not self._texts:
            asyncio.get_running_loop().call_soon(self.flush)
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
        try:
            if len(texts) == 1 and size <= _LONGEST_SENT:
                socket.send(_TEXT, texts[0])
            else:
                self._transport.write(b"".join(map(_framed, texts)))
        except Exception:  # noqa: BLE001 - the boundary: whoever sent it has others to tell
            _log.exception("socket.write_failed")

    def queued(self) -> int:
        """Bytes that the operating system has not taken."""
        if self._socket is None:
            return 0
        size: int = self._transport.get_write_buffer_size()
        return size + self._waiting

    def ignore(self) -> None:
        """Hear nothing more; what is sent still goes out."""
        self._receiver = None
        self.pause_reading()

    def close(self, code: int) -> None:
        """Send a close frame, once, and hear nothing more."""
        socket, self._receiver, self._open = self._socket, None, False
        if socket is not None and not socket.is_close_frame_sent:
            self.flush()
            socket.send_close(code)
            socket.disconnect()

    def shutdown(self) -> None:
        """End, as uvicorn asks of every connection."""
        receiver = self._receiver
        self.close(GOING_AWAY)
        if receiver is not None:
            receiver.lost()

    def pause_reading(self) -> None:
        """Read no more from the client for now."""
        self.paused = True
        if self._socket is not None:
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        """Read on."""
        if self._socket is not None and self._receiver is not None:
            self.paused = False
            self._transport.resume_reading()

    def known(self) -> None:
        """The client's token has been found good: what it sends is bounded by its user."""
        if self.limiter is not None:
            self.limiter.open()

    # The limiter calls these, while there is one.

    def crowded(self) -> None:
        """Too much waits of the client's address: it goes at once, with all that it brought."""
        if self._receiver is not None:
            self._receiver.crowded()
        self._transport.abort()

    def flooded(self) -> None:
        """More came than may before the client's token has been found good."""
        if self._receiver is not None:
            self._break(self._receiver, MESSAGE_TOO_BIG)

    # picows calls these, with its own `WSTransport` and `WSFrame`.

    def opened(self, socket: Any) -> None:
        """The handshake is answered."""
        self._socket = socket
        self._connections.add(self)

    def came(self, socket: Any, frame: Any) -> None:
        """One frame, unmasked."""
        receiver = self._receiver
        if receiver is None or socket.is_close_frame_sent:
            return
        try:
            kind = frame.msg_type
            if frame.rsv1 or frame.rsv2 or frame.rsv3:
                self._break(receiver, PROTOCOL_ERROR)
            elif kind is _TEXT or kind is _CONTINUATION:
                whole = kind is _TEXT and frame.fin and not self._pieces
                try:
                    text = (
                        frame.get_payload_as_utf8_text()
                        if whole
                        else self._piece(receiver, frame, first=kind is _TEXT)
                    )
                except UnicodeDecodeError:
                    self._break(receiver, INVALID_TEXT)
                    return
                if text is not None:
                    receiver.received(text)
            else:
                self._control(socket, receiver, frame)
        except Exception:  # noqa: BLE001 - the boundary: picows would end the connection unlogged
            _log.exception("socket.frame_failed")
            self.close(INTERNAL_ERROR)
            receiver.lost()

    def closed(self, socket: Any) -> None:
        """The transport is gone, whoever closed it: picows closes on what it cannot parse."""
        self._connections.discard(self)
        receiver, self._receiver, self._socket = self._receiver, None, None
        self._open = False
        if receiver is None:
            return
        handshake = socket.close_handshake
        code = 0 if handshake is None or handshake.sent is None else int(handshake.sent.code)
        if code in _RULE_OF:
            receiver.broken(_RULE_OF[code], code)
        else:
            receiver.lost()

    def pause_writing(self) -> None:
        """More is written than the client reads."""
        self._crowded = True

    def resume_writing(self) -> None:
        """The client has caught up."""
        self._crowded = False

    def _piece(self, receiver: FrameReceiver, frame: Any, *, first: bool) -> str | None:
        """Keep a piece of a message; its text, once it is whole."""
        if first is bool(self._pieces):
            self._break(receiver, PROTOCOL_ERROR)
            return None
        self._pieces.append(frame.get_payload_as_bytes())
        self._size += frame.payload_size
        if len(self._pieces) > MOST_FRAGMENTS or self._size > self._most:
            self._break(receiver, MESSAGE_TOO_BIG)
        elif frame.fin:
            message, self._pieces, self._size = b"".join(self._pieces), [], 0
            return message.decode()
        return None

    def _control(self, socket: Any, receiver: FrameReceiver, frame: Any) -> None:
        if frame.msg_type is _CLOSE:
            self.close(NORMAL_CLOSURE)
            receiver.lost()
        elif frame.msg_type is not _PING and frame.msg_type is not _PONG:
            receiver.broken(Rule.BINARY, POLICY_VIOLATION)
        elif self._too_many():
            self._break(receiver, POLICY_VIOLATION)
        elif frame.msg_type is _PING:
            if self.queued() > MOST_UNREAD:
                receiver.slow()
            else:
                socket.send_pong(frame.get_payload_as_bytes())

    def _too_many(self) -> bool:
        self._controls = self._controls or Meter()
        return self._controls.take(CONTROLS, wall_clock()) > 0

    def _break(self, receiver: FrameReceiver, code: int) -> None:
        self._pieces, self._size = [], 0
        receiver.broken(_RULE_OF[code], code)


def _framed(text: bytes) -> bytes:
    """A text message as one unmasked frame (RFC 6455, 5.2)."""
    size = len(text)
    if size < _TWO_BYTES_FROM:
        return b"\x81%c%b" % (size, text)
    if size < _EIGHT_BYTES_FROM:
        return b"\x81\x7e%b%b" % (size.to_bytes(2, "big"), text)
    return b"\x81\x7f%b%b" % (size.to_bytes(8, "big"), text)

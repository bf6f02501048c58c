"""An open WebSocket that is read and written without a queue, as the rooms around it see it."""

from typing import Protocol

from websockets.frames import CloseCode

from service.limits import Limit
from service.wire.rules import Rule

EXTENSION = "ringline.line"
"""Where the ASGI scope has the handshake, for whoever serves the connection without ASGI."""
MOST_FRAGMENTS = 1_024
"""Frames of one message: empty ones would count for nothing in its size."""
CONTROLS = Limit(count=100, per_ms=10_000)
"""Pings and pongs of the WebSocket itself (RFC 6455, 5.5): a client sends one in some seconds."""
MOST_UNREAD = 1024 * 1024
"""Bytes written that a client has not read, before it is cut."""


FAILED = "ringline.failed"
"""Where the ASGI scope has the close code, once a client of uvicorn's has broken RFC 6455."""
RULE_OF: dict[int, Rule] = {
    CloseCode.PROTOCOL_ERROR: Rule.WEBSOCKET,
    CloseCode.INVALID_DATA: Rule.UTF8,
    CloseCode.MESSAGE_TOO_BIG: Rule.TOO_LARGE,
    CloseCode.POLICY_VIOLATION: Rule.PING,
}
"""Which rule a client has broken whose WebSocket is closed with such a code."""


class Receiver(Protocol):
    """Who is told what comes over a line."""

    def received(self, text: str) -> None:
        """A whole text message came."""
        ...

    def broken(self, rule: Rule, code: int) -> None:
        """Something came that is none; the line is to be closed with this code."""
        ...

    def crowded(self) -> None:
        """Too much waits of the client's address: the line is being cut."""
        ...

    def lost(self) -> None:
        """The line is gone."""
        ...


class Line(Protocol):
    """Text messages in and out, and the end."""

    def serve(self, receiver: Receiver) -> None:
        """Tell `receiver` from now on."""
        ...

    def send(self, text: bytes) -> bool:
        """Write a message in this turn; False when the client must be cut, who reads too little."""
        ...

    def queued(self) -> int:
        """Bytes that the operating system has not taken."""
        ...

    def ignore(self) -> None:
        """Hear nothing more; what is sent still goes out."""
        ...

    def close(self, code: int) -> None:
        """Send a close frame, once, and hear nothing more."""
        ...

    def known(self) -> None:
        """The client's token has been found good."""
        ...

    def pause_reading(self) -> None:
        """Read no more from the client for now."""
        ...

    def resume_reading(self) -> None:
        """Read on."""
        ...

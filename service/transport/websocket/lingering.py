"""Closing a TCP connection so that what was written last arrives.

A socket that is closed while the client still sends is reset, and the reset overtakes the close
frame. So the sending side ends first, and what still comes is thrown away for a moment (RFC 6455,
7.1.1; RFC 9293, 3.10.4).
"""

import asyncio
import contextlib
from types import SimpleNamespace
from typing import Any

MOST_LATE = 256 * 1024
"""Bytes that a client may send after our close frame, for what was on its way."""
LINGER_S = 0.5
"""How long it may take to read the close frame and go."""


def _ignore_option(*_: object) -> int:
    """Stand in for `setsockopt` and `getsockopt`, which picows calls six times, at 2 µs each.

    Event loops set `TCP_NODELAY` themselves, `TCP_QUICKACK` does not last (tcp(7)), and what picows
    reads it only logs.
    """
    return 0


class Lingering:
    """A transport as picows uses it; all else is the transport's own."""

    __slots__ = ("_transport", "get_extra_info", "get_write_buffer_size", "write")

    def __init__(self, transport: Any) -> None:
        self._transport = transport
        self.write = transport.write
        self.get_write_buffer_size = transport.get_write_buffer_size
        told = transport.get_extra_info
        socket = SimpleNamespace(
            fileno=told("socket").fileno, setsockopt=_ignore_option, getsockopt=_ignore_option
        )
        self.get_extra_info = {"socket": socket, "ssl_object": told("ssl_object")}.get

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def close(self) -> None:
        """End our side, and the connection once the client has ended its own."""
        transport = self._transport
        parser = transport.get_protocol()
        if transport.is_closing() or isinstance(parser, _Deaf):
            return
        transport.set_protocol(_Deaf(transport, parser))
        if transport.can_write_eof():
            with contextlib.suppress(OSError):  # the client has reset it, which is not read yet
                transport.write_eof()
        transport.resume_reading()  # else the client's end is never seen


class _Deaf(asyncio.Protocol):
    """Throws away what comes, until the client goes or it is enough."""

    def __init__(self, transport: Any, parser: asyncio.BaseProtocol) -> None:
        self._transport = transport
        self._parser = parser
        self._late = 0
        self._patience = asyncio.get_running_loop().call_later(LINGER_S, transport.abort)

    def data_received(self, data: bytes) -> None:
        """Count it."""
        self._late += len(data)
        if self._late > MOST_LATE:
            self._transport.pause_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        """It is over."""
        self._patience.cancel()
        self._parser.connection_lost(exc)

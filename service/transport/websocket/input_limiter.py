"""A bound on what a WebSocket brings before its client's token has been found good."""

import asyncio
from dataclasses import dataclass
from typing import Any, Protocol

from service.transport.guard.waiting import Share

READ_BUFFER = 2_048
"""Bytes that are read from a WebSocket at once."""


class Limited(Protocol):
    """A WebSocket whose input is limited."""

    limiter: "InputLimiter | None"

    @property
    def paused(self) -> bool:
        """Whether no more is to be read."""

    def flooded(self) -> None:
        """The client sent more than it may before its token has been found good."""


@dataclass(eq=False)
class InputLimiter(asyncio.BufferedProtocol):
    """Counts what a client sends until its token has been found good; then the parser is alone.

    Until then it reads little in a turn of the loop: what is read already cannot be held back, and
    a client that is cut is gone in the next turn.
    """

    transport: Any
    parser: Any
    limited: Limited
    share: Share
    most: int

    _came = 0
    _room = 0

    def get_buffer(self, sizehint: int) -> Any:
        """Where to read to."""
        room = self.parser.get_buffer(sizehint)[:READ_BUFFER]
        self._room = len(room)
        return room

    def buffer_updated(self, nbytes: int) -> None:
        """So much was read."""
        self._came += nbytes
        if nbytes == self._room:  # there is more
            self.transport.pause_reading()
            asyncio.get_running_loop().call_soon(self._read_on)
        if self._came > self.most:
            self.limited.flooded()
        elif self.share.hold(self._came):
            self.parser.buffer_updated(nbytes)

    def _read_on(self) -> None:
        if not self.limited.paused and not self.transport.is_closing():
            self.transport.resume_reading()

    def pause_writing(self) -> None:
        """More is written than the client reads."""
        self.parser.pause_writing()

    def resume_writing(self) -> None:
        """The client has caught up."""
        self.parser.resume_writing()

    def eof_received(self) -> bool:
        """The client sends no more."""
        open_still: bool = self.parser.eof_received()
        return open_still

    def connection_lost(self, exc: Exception | None) -> None:
        """The transport is gone."""
        self.share.hold(0)
        self.limited.limiter = None
        self.parser.connection_lost(exc)

    def open(self) -> None:
        """Step aside."""
        self.share.spare()
        self.limited.limiter = None
        if self.transport.get_protocol() is self:
            self.transport.set_protocol(self.parser)

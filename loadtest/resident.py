"""A user who is there and does nothing, and notes when the service's heartbeats come."""

import time
from dataclasses import dataclass, field
from typing import Any, Literal, Self

from picows import WSTransport, ws_connect

from loadtest.guest import Guest
from loadtest.resumable import Resumable

Kind = Literal["plain", "resumable"]


@dataclass
class Heartbeats:
    """How late the heartbeats of some residents were, in seconds, and which residents were cut."""

    late: list[float] = field(default_factory=list)
    cut: list[str] = field(default_factory=list)


class Resident(Guest):
    """One of them. The connection should never end: nothing here comes back."""

    def __init__(self, kind: Kind, number: int, heartbeats: Heartbeats) -> None:
        user = f"{kind}-resident-{number}"
        super().__init__(user, Resumable(user) if kind == "resumable" else None)
        self._heartbeats = heartbeats
        self._due = self._interval_s = 0.0

    @classmethod
    async def arrive(cls, url: str, kind: Kind, number: int, heartbeats: Heartbeats) -> Self:
        """Connect and join."""
        resident = cls(kind, number, heartbeats)
        await ws_connect(lambda: resident, url)
        await resident.joined.wait()
        return resident

    def opened(self, handshake: dict[str, Any]) -> None:
        """The first ping is due an interval from now."""
        self._interval_s = handshake["pingInterval"] / 1000
        self._due = time.monotonic() + self._interval_s

    def pinged(self) -> None:
        """Note how late it is; the next is due an interval after the answer."""
        self._heartbeats.late.append(time.monotonic() - self._due)
        self._due = time.monotonic() + self._interval_s

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        """Note it."""
        del transport
        self._heartbeats.cut.append(self.user)

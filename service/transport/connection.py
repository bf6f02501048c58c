"""One open transport: who is at the other end, its lane, and the session that it became."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from service.limits import Limit, Meter
from service.ports import Identity
from service.sessions.session import Session
from service.transport.crew import Crew
from service.transport.lane import Lane
from service.transport.switchboard import Wire
from service.wire.client_events import RelayEvent
from service.wire.packets import EventPacket

EVENTS = Limit(count=300, per_ms=3_000)
"""Events of one session: 100 a second, and what a machine with many networks trickles at once."""
REFUSALS = Limit(count=300, per_ms=10_000)
"""Refused events of one session, before it is closed."""


@dataclass(frozen=True, slots=True)
class Gone:
    """The last entry of every lane: the transport has closed."""

    size: int = 0


@dataclass(frozen=True, slots=True)
class Waiting:
    """A relay behind other events: its frame, and what that says."""

    frame: str
    message: RelayEvent
    size: int


Entry = EventPacket | Waiting | Gone


class Connection:
    """What is kept of one transport, from its opening to the end of its lane."""

    __slots__ = (
        "address",
        "bearer",
        "early",
        "events",
        "identity",
        "lane",
        "limited_until",
        "opened_at",
        "over",
        "refusals",
        "session",
        "socket_id",
        "traceparent",
        "wire",
    )

    def __init__(
        self,
        wire: Wire,
        address: str,
        bearer: str | None,
        opened_at: int,
        *,
        handle: Callable[["Connection", Entry], Awaitable[None]],
        crew: Crew,
    ) -> None:
        self.wire = wire
        self.address = address
        self.bearer = bearer
        self.opened_at = opened_at
        self.lane: Lane[Entry] = Lane(lambda entry: handle(self, entry), crew)
        self.socket_id = ""
        self.traceparent: str | None = None
        self.identity: Identity | None = None
        self.session: Session | None = None
        self.early: list[EventPacket] = []
        self.over = False
        self.events = Meter()
        self.refusals = Meter()
        self.limited_until = 0
        """Until when it need not be told again that this client is over its limit (epoch ms)."""

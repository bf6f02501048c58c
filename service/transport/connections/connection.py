"""One client's connection: its user, its queue of events, and the session that it became."""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from service.limits import Allowance, Limit, Meter
from service.ports import Identity
from service.sessions.session import Session
from service.tasks import Work
from service.transport.connections.event_queue import EventQueue
from service.transport.connections.workers import Workers
from service.transport.socketio.client import Client
from service.wire.client_events import RelayEvent
from service.wire.packets import EventPacket

EVENTS = Limit(count=300, per_ms=3_000)
"""Events of one session: 100 a second, and what a machine with many networks trickles at once."""
EVENTS_OF_A_USER = Limit(count=900, per_ms=3_000)
"""Events of all sessions of a user."""
AT_ONCE = 32
"""Events that a user may just have sent for the next to be relayed as it is read."""
REFUSALS = Limit(count=300, per_ms=10_000)
"""Refused events of one session, before it is closed."""


class Gone(NamedTuple):
    """The last entry of every queue: the connection is over."""

    size: int = 0


class Heard(NamedTuple):
    """A relay that asks for no answer, decoded as its frame came."""

    frame: str
    message: RelayEvent
    size: int


class Excess(NamedTuple):
    """An event over the limit, to be refused behind what came before it."""

    packet: EventPacket
    retry_after_ms: int
    size: int


Entry = EventPacket | Heard | Excess | Gone


class Connection:
    """What is kept of one connection, from its opening to the end of its queue."""

    __slots__ = (
        "address",
        "allowance",
        "bearer",
        "client",
        "early",
        "fenced",
        "identity",
        "opened_at",
        "over",
        "queue",
        "refusals",
        "session",
        "socket_id",
        "traceparent",
    )

    def __init__(
        self,
        client: Client,
        address: str,
        bearer: str | None,
        opened_at: int,
        *,
        handle: Callable[["Connection", Entry], Work | None],
        workers: Workers,
        allowance: Allowance,
    ) -> None:
        self.client = client
        self.address = address
        self.bearer = bearer
        self.opened_at = opened_at
        self.queue: EventQueue[Entry] = EventQueue(partial(handle, self), workers)
        self.socket_id = ""
        self.traceparent: str | None = None
        self.identity: Identity | None = None
        self.session: Session | None = None
        self.early: list[EventPacket] = []
        self.over = False
        self.fenced = False
        """Whether its session has another connection, so that nothing it brings is heard."""
        self.allowance = allowance
        self.refusals = Meter()

    async def fence(self) -> None:
        """Keep it from its session: the event in hand is finished, and the rest is dropped."""
        self.fenced, self.session = True, None
        await self.queue.emptied()

    @property
    def waiting(self) -> int:
        """Bytes that wait, of what it sent and of what it is sent."""
        early = sum(packet.size for packet in self.early) if self.early else 0
        return self.queue.size + early + self.client.waiting()

"""The connections of a node: who gets in, until when, and who has to go."""

import asyncio
from collections.abc import Iterator
from enum import IntEnum, auto
from functools import partial

import structlog
from starlette.types import Scope

from service import errors
from service.auth.authenticator import Authenticator
from service.auth.senders import block_of
from service.deadlines import Deadlines
from service.ids import of_probe
from service.limits import Allowance, Shares
from service.pace import paced
from service.ports import Clock
from service.sessions.reply import Reply
from service.telemetry.metrics import Metrics
from service.telemetry.network import network_of
from service.transport.connections.connection import (
    EVENTS,
    EVENTS_OF_A_USER,
    REFUSALS,
    Connection,
    Gone,
)
from service.transport.connections.dispatch import Dispatch
from service.transport.connections.event_queue import MOST_BYTES
from service.transport.connections.receiving import Receiver
from service.transport.connections.workers import Workers
from service.transport.guard.budget import Waiter
from service.transport.guard.unjoined import MOST_UNJOINED, MOST_UNKNOWN, Unjoined
from service.transport.socketio.client import Client
from service.transport.socketio.connect_packet import Auth
from service.transport.socketio.packet_receiver import Refusal
from service.transport.websocket.close_codes import GOING_AWAY
from service.wire.client_events import UserJoin
from service.wire.packets import DISCONNECT, EventPacket
from service.wire.violations import Rule

_log = structlog.get_logger(__name__)

CONNECT_WITHIN_MS = 10_000
JOIN_WITHIN_MS = 30_000
EARLY_WITHIN_MS = 5_000


class Due(IntEnum):
    """What a connection has a deadline for."""

    NEXT = auto()
    """Its next step: to connect, then to join."""
    EARLY = auto()
    """Answers to what it sent before its join."""


class Connections:
    """Keeps every connection of this node, from its opening to its end."""

    def __init__(
        self,
        *,
        authenticator: Authenticator,
        dispatch: Dispatch,
        clock: Clock,
        metrics: Metrics,
        scale: float = 1.0,
    ) -> None:
        self._authenticator = authenticator
        self._dispatch = dispatch
        self._clock = clock
        self._metrics = metrics
        self._events = EVENTS.scaled(scale)
        self._events_of_a_user = EVENTS_OF_A_USER.scaled(scale)
        self._shares = Shares(self._events_of_a_user)
        self._receiver = Receiver(
            dispatch, clock, metrics, apart=self._handle, refusals=REFUSALS.scaled(scale)
        )
        self.relayed = self._receiver.relayed
        self.received = self._receiver.received
        self._connections: set[Connection] = set()
        self._unknown: Unjoined[Connection] = Unjoined(MOST_UNKNOWN)
        self._unjoined: Unjoined[Connection] = Unjoined(MOST_UNJOINED)
        self._workers = Workers()
        self._deadlines: Deadlines[tuple[Connection, Due]] = Deadlines()

    def __len__(self) -> int:
        waiting = len(self._unknown) + len(self._unjoined)
        return len(self._connections) + len(self._deadlines) + waiting

    def opened(self, client: Client, scope: Scope) -> Connection:
        """A transport is open: it has 10 s to connect."""
        now = self._clock()
        address = scope.get("client") or ("", 0)
        connection = Connection(
            client,
            address[0],
            _bearer(scope),
            now,
            handle=self._receiver.handle,
            workers=self._workers,
            allowance=Allowance(self._events, self._events_of_a_user),
        )
        self._connections.add(connection)
        if oldest := self._unknown.add(block_of(connection.address), connection):
            self._rejected("overloaded")
            oldest.client.cut("overloaded")
        self._deadlines.set((connection, Due.NEXT), now + CONNECT_WITHIN_MS)
        return connection

    async def connecting(
        self, connection: Connection, socket_id: str, auth: Auth | errors.InvalidPayload
    ) -> None:
        """Admit whoever the token names, or refuse; `auth` may be a refusal itself.

        What a retry cannot mend is refused with its code; what it can is a lost transport, after
        which clients come back by themselves.
        """
        try:
            if isinstance(auth, errors.InvalidPayload):
                raise auth  # noqa: TRY301 - refused as any other
            identity = await self._authenticator.identify(
                connection.bearer if auth.token is None else auth.token,
                connection.address,
                missing="Connect with auth: {token}.",
            )
        except errors.RinglineError as error:
            self._refused(connection, error)
            raise Refusal(error.message, {"code": error.code, "retryable": False}) from None
        except (Exception, asyncio.CancelledError):  # noqa: BLE001 - nothing here may admit
            if not connection.client.cut_off:  # else this was given up, for it took too long
                _log.exception("socket.connect_failed")
                self._metrics.connections.refused("internal")
                connection.client.cut("internal")
            raise Refusal(errors.Internal.default) from None
        if connection.over:
            raise Refusal("The transport closed meanwhile.")
        now = self._clock()
        self._unknown.discard(block_of(connection.address), connection)
        connection.identity = identity
        connection.allowance.share = self._shares.enter(identity.user)
        connection.socket_id, connection.bearer = socket_id, None
        connection.traceparent = auth.traceparent
        connection.client.admit()
        self._deadlines.set((connection, Due.NEXT), now + JOIN_WITHIN_MS)
        if oldest := self._unjoined.add(identity.user, connection):
            _give_way(oldest)
        if of_probe(identity.user):
            self._metrics.connections.probed()
        else:
            self._metrics.connections.connected((now - connection.opened_at) / 1000)
        _log.debug("socket.connected", client=network_of(connection.address))

    def violated(self, connection: Connection, rule: Rule) -> None:
        """The client broke a rule."""
        self._metrics.connections.violated(rule)
        client = network_of(connection.address)
        _log.info("socket.protocol_error", rule=rule.value, client=client)

    async def answered(self, connection: Connection) -> None:
        """Have everything that came answered; what waits for a join is refused."""
        await connection.queue.emptied()
        self._dispatch.refuse_early(connection)

    def closed(self, connection: Connection) -> None:
        """The transport is gone; what was queued before is still handled."""
        if not connection.over:
            connection.over = True
            if connection.identity is None:
                self._unknown.discard(block_of(connection.address), connection)
            else:
                self._shares.leave(connection.identity.user)
                self._unjoined.discard(connection.identity.user, connection)
            for due in Due:
                self._deadlines.set((connection, due), None)
            connection.queue.put(Gone())
            lasted_ms = self._clock() - connection.opened_at
            _log.debug("socket.closed", reason=connection.client.why, seconds=lasted_ms / 1000)

    async def tick(self) -> None:
        """Close who has not connected or joined in time; answer what waited for a join."""
        now = self._clock()
        self._shares.forget_idle(now)
        async for connection, due in paced(self._deadlines.pop_due(now)):
            if due is Due.EARLY:
                self._dispatch.refuse_early(connection)
            elif connection.identity is None:
                self._rejected("timeout" if connection.client.asked else "silent")
                connection.client.cut("connect_timeout")
            else:
                connection.client.cut("join_timeout")

    def waiters(self) -> Iterator[Waiter]:
        """How much waits of each connection, and what cuts it."""
        for connection in self._connections:
            if waiting := connection.waiting:
                yield waiting, partial(connection.client.cut, "overloaded")

    async def keep(self, users: set[str]) -> None:
        """End every connection but those of these users: clients connect again, elsewhere."""
        async for connection in paced(tuple(self._connections)):
            if connection.identity is None or connection.identity.user not in users:
                connection.client.cut("shutdown", GOING_AWAY)

    async def emptied(self) -> None:
        """Wait until every queue has handled what was put into it."""
        while self._connections:
            async for connection in paced(tuple(self._connections)):
                await connection.queue.emptied()
            await asyncio.sleep(0)

    def _refused(self, connection: Connection, error: errors.RinglineError) -> None:
        self._rejected(error.code)
        if error.retryable:
            connection.client.cut("auth_unavailable")

    def _rejected(self, code: str) -> None:
        self._metrics.connections.refused(code)
        _log.info("socket.rejected", code=code)

    async def _handle(self, connection: Connection, entry: EventPacket | Gone) -> None:
        if isinstance(entry, Gone):
            await self._dispatch.gone(connection)
            self._connections.discard(connection)
            connection.queue.end()
            return
        waiting = bool(connection.early)
        if (work := self._dispatch.handle(connection, entry)) is not None:
            await work
        if connection.session is not None:
            self._deadlines.set((connection, Due.NEXT), None)
            self._deadlines.set((connection, Due.EARLY), None)
            self._unjoined.discard(connection.session.user, connection)
            connection.queue.most_bytes = MOST_BYTES
        elif connection.early and not (waiting or connection.over):
            self._deadlines.set((connection, Due.EARLY), self._clock() + EARLY_WITHIN_MS)


def _give_way(connection: Connection) -> None:
    """Have a connection that has not joined go, as a session does for an eleventh."""
    why = errors.TooManySessions(
        "A newer connection took the place of this one, which never joined."
    )
    Reply(connection.client, EventPacket(UserJoin.event, None, None, 0)).fail(why)
    connection.client.write(DISCONNECT)
    connection.early = []  # else it is kept for as long as the client may take to fetch this
    connection.client.cut("too_many_sessions")


def _bearer(scope: Scope) -> str | None:
    header: bytes = dict(scope["headers"]).get(b"authorization", b"")
    scheme, _, token = header.decode("latin-1").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None

"""From an event's name to the use case that handles it, and its answer back."""

from collections.abc import Awaitable, Callable
from time import perf_counter
from typing import Any

import structlog

from service import errors
from service.keyed_locks import KeyedLocks
from service.ports import AnswerStore, Clock
from service.sessions.reply import Reply
from service.sessions.session import Session
from service.signalling.call_control import CallControl
from service.signalling.call_setup import CallSetup
from service.signalling.joining import Door, Joining
from service.signalling.presence import Presence
from service.signalling.renewal import Renewal
from service.telemetry.metrics import Metrics
from service.transport.connections.connection import Connection
from service.wire import client_events as said
from service.wire.costs import cost_of
from service.wire.decoding import decode
from service.wire.packets import EventPacket

_log = structlog.get_logger(__name__)

MOST_EARLY = 64
"""Events of one connection that wait for its join."""
MOST_EARLY_BYTES = 128 * 1024
"""And what these may weigh."""
_RELAYED = frozenset(
    kind.event for kind in (said.CallOffer, said.CallAnswer, said.IceCandidate, said.CallSignal)
)

UseCase = Callable[[Session, Any, Reply], Awaitable[None]]


class Dispatch:
    """Decodes events, runs their use cases, and sees that each gets one answer."""

    def __init__(
        self,
        *,
        joining: Joining,
        calls: CallControl,
        call_setup: CallSetup,
        presence: Presence,
        renewal: Renewal,
        answers: AnswerStore,
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        self._joining = joining
        self._calls = calls
        self._answers = answers
        self._clock = clock
        self._metrics = metrics
        self._locks = KeyedLocks()
        self._use_cases: dict[str, UseCase] = {
            said.AuthRefresh.event: renewal.refresh,
            said.CallInitiate.event: call_setup.initiate,
            said.CallAccept.event: calls.accept,
            said.CallReject.event: calls.reject,
            said.CallEnd.event: calls.end,
            said.CallMediaReport.event: calls.media,
            said.UserStatusQuery.event: presence.query,
            said.UserWatch.event: presence.watch,
            said.UserUnwatch.event: presence.unwatch,
            **dict.fromkeys(_RELAYED, calls.relay),
        }

    def relay_now(self, connection: Connection, packet: EventPacket) -> bool:
        """Relay without waiting, when it is a relay that needs no store; else do nothing."""
        if packet.event not in _RELAYED or connection.session is None:
            return False
        since = perf_counter()
        reply = None if packet.ack is None else _reply(connection, packet)
        try:
            message = decode(packet.event, packet.payload)
            if not isinstance(message, said.RelayEvent):
                return False
            self._charge(connection, message)
            if not self._calls.relay_now(connection.session, message, reply):
                connection.allowance.keep_one(cost_of(message))
                return False
        except errors.RinglineError as error:
            reply = reply or _reply(connection, packet)
            reply.fail(error)
            self._count(packet, reply, _limited(error))
        else:
            self._metrics.events.relayed(packet.event, packet.size, perf_counter() - since)
        return True

    def relay_at_once(
        self, session: Session, message: said.RelayEvent, size: int, since: float
    ) -> bool:
        """Relay a message that asks for no answer; False when it needs the longer way.

        It is `size` bytes long, and was come upon at `since` (`perf_counter`).
        """
        try:
            if not self._calls.relay_now(session, message, None):
                return False
        except errors.RinglineError:  # nothing is done; the longer way tells the client
            return False
        self._metrics.events.relayed(message.event, size, perf_counter() - since)
        return True

    async def handle(self, connection: Connection, packet: EventPacket) -> None:
        """Handle one event, whatever becomes of it."""
        since, limited = perf_counter(), None
        reply = _reply(connection, packet)
        try:
            if packet.event == said.UserJoin.event:
                await self._join(connection, packet, reply)
            elif connection.session is None:
                _wait_for_join(connection, packet)
            else:
                message = decode(packet.event, packet.payload)
                self._charge(connection, message)
                await self._run(connection.session, packet.event, message, reply)
        except errors.RinglineError as error:
            # The error itself would keep its frame, and the packet, until cycles are collected.
            limited = _limited(error)
            reply.fail(error)
        except Exception:  # noqa: BLE001 - the boundary: logged, answered, and nobody else notices
            _log.exception("event.failed", client_event=packet.event)
            reply.fail(errors.Internal())
        self._metrics.events.handled(packet.event, perf_counter() - since)
        self._count(packet, reply, limited)

    async def gone(self, connection: Connection) -> None:
        """The transport has closed and every event before that was handled."""
        connection.early.clear()
        if connection.session is not None:
            try:
                await self._joining.leave(connection.session)
            except Exception:  # noqa: BLE001 - the boundary: nobody is left to be told
                _log.exception("session.leave_failed")

    def refuse_early(self, connection: Connection) -> None:
        """The join that these events waited for did not come."""
        early, connection.early = connection.early, []
        for packet in early:
            _reply(connection, packet).fail(errors.NotJoined())

    def _count(self, packet: EventPacket, reply: Reply, limited: str | None) -> None:
        if reply.result is not None:
            self._metrics.events.answered(packet.event, reply.result)
        if limited is not None:
            self._metrics.auth.limited(limited)
            _log.info("ratelimit.hit", scope=limited)

    async def _join(self, connection: Connection, packet: EventPacket, reply: Reply) -> None:
        message = decode(packet.event, packet.payload)
        if not isinstance(message, said.UserJoin) or connection.identity is None:
            raise errors.Internal
        door = Door(
            connection.socket_id,
            connection.identity,
            connection.address,
            connection.client.write,
            connection.client.cut,
            connection.client.pulse,
            connection.traceparent,
        )
        if connection.session is not None:
            await self._joining.rejoin(door, connection.session, message, reply)
            return
        connection.session = await self._joining.join(door, message, reply)
        early, connection.early = connection.early, []
        for waiting in early:
            await self.handle(connection, waiting)

    def _charge(self, connection: Connection, message: said.ClientEvent) -> None:
        """Take what an event costs, of which one was taken as it came.

        Raises:
            RateLimited: the session, or its user, has not that much left.
        """
        cost = cost_of(message)
        if cost != 1 and (wait := connection.allowance.take_all(self._clock(), cost)):
            raise errors.RateLimited(retry_after_ms=wait)

    async def _run(
        self, session: Session, event: str, message: said.ClientEvent, reply: Reply
    ) -> None:
        request_id = getattr(message, "request_id", None)
        if request_id is None:
            await self._use_cases[event](session, message, reply)
            return
        key = (session.user, event, request_id)
        async with self._locks.of(key):
            first = await self._answers.recall(key, self._clock())
            if first is not None:
                reply.repeat(first)
                return
            try:
                await self._use_cases[event](session, message, reply)
            except errors.RinglineError as error:
                if error.retryable:  # a repeat is the retry that was asked for
                    raise
                reply.fail(error)
            if reply.answer is not None:
                await self._answers.remember(key, reply.answer, self._clock())


def _limited(error: errors.RinglineError) -> str | None:
    """The name of the limit that an event was over, if that is why it was refused."""
    return error.scope if isinstance(error, errors.RateLimited) else None


def _reply(connection: Connection, packet: EventPacket) -> Reply:
    return Reply(connection.client.write, packet.event, packet.ack, packet.payload)


def _wait_for_join(connection: Connection, packet: EventPacket) -> None:
    size = packet.size + sum(waiting.size for waiting in connection.early)
    if len(connection.early) >= MOST_EARLY or size > MOST_EARLY_BYTES:
        raise errors.NotJoined
    connection.early.append(packet)

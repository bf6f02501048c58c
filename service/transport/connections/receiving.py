"""What a connection sends, from a frame to its use case: relayed as it is read, or in its turn."""

from collections.abc import Awaitable, Callable
from time import perf_counter

import structlog

from service import errors
from service.limits import Limit
from service.ports import Clock
from service.sessions.reply import Reply
from service.telemetry.metrics import Metrics
from service.transport.connections.connection import (
    AT_ONCE,
    Connection,
    Entry,
    Excess,
    Gone,
    Waiting,
)
from service.transport.connections.dispatch import Dispatch
from service.transport.socketio.tasks import Work
from service.wire.costs import cost_of
from service.wire.decoding import relay_in
from service.wire.packets import EventPacket, decode_event, size_of
from service.wire.rules import ProtocolError, Rule

_log = structlog.get_logger(__name__)


class Receiver:
    """Takes what connections send.

    Args:
        apart: handles what is in the queue of a connection without a session, and its end.
        refusals: how many refused events a connection may have before it is cut.
    """

    def __init__(
        self,
        dispatch: Dispatch,
        clock: Clock,
        metrics: Metrics,
        *,
        apart: Callable[[Connection, EventPacket | Gone], Awaitable[None]],
        refusals: Limit,
    ) -> None:
        self._dispatch = dispatch
        self._clock = clock
        self._metrics = metrics
        self._apart = apart
        self._refusals = refusals

    def relayed(self, connection: Connection, frame: str) -> bool:
        """The short way of nine frames in ten: a relay that asks for no answer."""
        since, session, queue = perf_counter(), connection.session, connection.queue
        idle = queue.idle
        if session is None or connection.client.deaf or (not idle and queue.crowded):
            return False
        message = relay_in(frame)
        if message is None:
            return False
        now, allowance, cost = self._clock(), connection.allowance, cost_of(message)
        if allowance.take(now, cost):
            return False
        size = size_of(frame) - 1  # the packet's, without the 4 before it
        if not idle or allowance.has_spent(now, AT_ONCE):
            queue.put(Waiting(frame, message, size))
        elif not self._dispatch.relay_at_once(session, message, size, since):
            allowance.keep_one(cost)
            queue.put(decode_event(frame[1:]))
        return True

    def received(self, connection: Connection, packet: EventPacket) -> Work | None:
        """An event: relayed at once when nothing is before it, else queued."""
        if connection.identity is None:
            raise ProtocolError(Rule.CONNECT_FIRST)
        now, queue = self._clock(), connection.queue
        if wait := connection.allowance.take(now):
            queue.put(Excess(packet, wait, packet.size))
        elif (
            queue.idle
            and not connection.allowance.has_spent(now, AT_ONCE)
            and self._dispatch.relay_now(connection, packet)
        ):
            return None
        else:
            queue.put(packet)
        return queue.room() if queue.crowded else None

    async def handle(self, connection: Connection, entry: Entry) -> None:
        """Handle what has come to the front of a queue."""
        packet: EventPacket | None
        if isinstance(entry, Excess):
            self._slow_down(connection, entry.packet, entry.retry_after_ms)
            return
        if isinstance(entry, Waiting):
            packet = self._unless_relayed(connection, entry)
        elif isinstance(entry, Gone) or connection.session is None:
            await self._apart(connection, entry)
            return
        else:
            packet = None if self._dispatch.relay_now(connection, entry) else entry
        if packet is not None:
            await self._dispatch.handle(connection, packet)

    def _unless_relayed(self, connection: Connection, entry: Waiting) -> EventPacket | None:
        """Relay what can be relayed without waiting; otherwise the event, to be handled."""
        session, since = connection.session, perf_counter()
        if session is not None and self._dispatch.relay_at_once(
            session, entry.message, entry.size, since
        ):
            return None
        connection.allowance.keep_one(cost_of(entry.message))
        return decode_event(entry.frame[1:])

    def _slow_down(self, connection: Connection, packet: EventPacket, wait: int) -> None:
        if connection.client.cut_off:
            return
        reply = Reply(connection.client.write, packet.event, packet.ack, packet.payload)
        reply.fail(errors.RateLimited(scope="events", retry_after_ms=wait))
        self._metrics.events.answered(packet.event, errors.RateLimited.code)
        self._metrics.auth.limited("events")
        _log.info("ratelimit.hit", scope="events")
        if connection.refusals.take(self._refusals, self._clock()):
            connection.client.cut("flood")

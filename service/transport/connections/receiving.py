"""What a connection sends, from a frame to its use case: handled as it is read, or in its turn."""

from collections.abc import Callable

import structlog

from service import errors
from service.limits import Limit
from service.ports import Clock
from service.sessions.reply import Reply
from service.tasks import Work
from service.telemetry.metrics import Metrics
from service.transport.connections.connection import AT_ONCE, Connection, Entry, Excess, Gone, Heard
from service.transport.connections.dispatch import Dispatch
from service.wire.costs import cost_of
from service.wire.decoding import relay_in
from service.wire.packets import EventPacket, decode_event, size_of
from service.wire.violations import ProtocolError, Rule

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
        apart: Callable[[Connection, EventPacket | Gone], Work],
        refusals: Limit,
    ) -> None:
        self._dispatch = dispatch
        self._clock = clock
        self._metrics = metrics
        self._apart = apart
        self._refusals = refusals

    def relayed(self, connection: Connection, frame: str) -> bool:
        """Take a frame that is a relay and asks for no answer: nine in ten; False of any other.

        It is passed on now, if nothing is before it and its user sends little.
        """
        session, queue, allowance = connection.session, connection.queue, connection.allowance
        if session is None or connection.client.deaf or (not queue.idle and queue.crowded):
            return False
        message = relay_in(frame)
        if message is None:
            return False
        # Of the packet, which has a 4 before it.
        size = (len(frame) if frame.isascii() else size_of(frame)) - 1
        if wait := allowance.take(self._clock(), cost_of(message)):
            queue.put(Excess(decode_event(frame[1:]), wait, size))
        elif not queue.idle or allowance.has_spent(AT_ONCE):
            queue.put(Heard(frame, message, size))
        elif work := self._dispatch.relay(session, message, frame, size):
            queue.put(Heard(frame, message, size), work)
        return True

    def received(self, connection: Connection, packet: EventPacket) -> Work | None:
        """Take an event; what is returned is to be awaited before more is read."""
        if connection.identity is None:
            raise ProtocolError(Rule.CONNECT_FIRST)
        queue, wait = connection.queue, connection.allowance.take(self._clock())
        queue.put(Excess(packet, wait, packet.size) if wait else packet)
        return queue.room() if queue.crowded else None

    def handle(self, connection: Connection, entry: Entry) -> Work | None:
        """Handle what has come to the front of a queue; what is returned is the rest of it."""
        if connection.fenced and not isinstance(entry, Gone):
            return None
        if isinstance(entry, Heard):
            if (session := connection.session) is None:
                return None
            return self._dispatch.relay(session, entry.message, entry.frame, entry.size)
        if isinstance(entry, Excess):
            self._slow_down(connection, entry.packet, entry.retry_after_ms)
            return None
        if isinstance(entry, Gone) or connection.session is None:
            return self._apart(connection, entry)
        return self._dispatch.handle(connection, entry)

    def _slow_down(self, connection: Connection, packet: EventPacket, wait: int) -> None:
        if connection.client.cut_off:
            return
        reply = Reply(connection.session or connection.client, packet)
        reply.fail(errors.RateLimited(scope="events", retry_after_ms=wait))
        self._metrics.events.answered(packet.event, errors.RateLimited.code)
        self._metrics.auth.limited("events")
        _log.info("ratelimit.hit", scope="events")
        if connection.refusals.take(self._refusals, self._clock()):
            connection.client.cut("flood")

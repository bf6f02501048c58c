"""From a decoded event to the use case that handles it, and its answer back."""

from collections.abc import Awaitable, Callable
from functools import partial
from time import perf_counter
from typing import Any

import structlog

from service import errors
from service.ports import Clock
from service.sessions.attachment import Attachment
from service.sessions.repeats import Repeats
from service.sessions.reply import Reply
from service.sessions.resumable_session import ResumableSession
from service.sessions.session import Session
from service.signalling.relay import RELAYED
from service.signalling.use_cases import UseCases
from service.tasks import Work
from service.telemetry.metrics import Metrics
from service.transport.connections.connection import Connection
from service.wire import client_events as said
from service.wire.costs import cost_of
from service.wire.decoding import decode
from service.wire.packets import EventPacket, decode_event
from service.wire.subject import subject_of

_log = structlog.get_logger(__name__)

MOST_EARLY = 64
"""Events of one connection that wait for its join."""
MOST_EARLY_BYTES = 128 * 1024
"""And what these may weigh."""

_RELAY_EVENTS = frozenset(kind.event for kind in said.ALL if issubclass(kind, said.RelayEvent))

UseCase = Callable[[Session, Any, Reply], Awaitable[None]]


class Dispatch:
    """Decodes events, runs their use cases, and sees that each gets one answer.

    What can be done without waiting is done at once; the rest of an event is returned, to be
    awaited before the next.
    """

    def __init__(
        self, use_cases: UseCases, *, repeats: Repeats, clock: Clock, metrics: Metrics
    ) -> None:
        self._joining = use_cases.joining
        self._resuming = use_cases.resuming
        self._lost = use_cases.detached.lost
        self._relay = use_cases.relay.relay
        self._repeats = repeats
        self._clock = clock
        self._metrics = metrics
        calls, presence = use_cases.call_control, use_cases.presence
        self._use_cases: dict[type[said.ClientEvent], UseCase] = {
            said.SessionAck: use_cases.resuming.confirm,
            said.AuthRefresh: use_cases.renewal.refresh,
            said.CallInitiate: use_cases.call_setup.initiate,
            said.CallAccept: calls.accept,
            said.CallReject: calls.reject,
            said.CallEnd: calls.end,
            said.CallMove: calls.move,
            said.CallMediaReport: calls.media,
            said.UserStatusQuery: presence.query,
            said.UserWatch: presence.watch,
            said.UserUnwatch: presence.unwatch,
        }
        handled = {said.UserJoin, *self._use_cases}
        for kind in said.ALL:
            if kind not in (RELAYED if issubclass(kind, said.RelayEvent) else handled):
                raise TypeError(f"Nothing handles the client event {kind.event}.")

    def handle(self, connection: Connection, packet: EventPacket) -> Work | None:
        """Handle an event, whatever becomes of it; what is returned is to be awaited."""
        session, since = connection.session, perf_counter()
        if packet.event == said.UserJoin.event or session is None:
            reply = Reply(connection.client, packet)
            return self._finish(self._unjoined(connection, packet, reply), reply, since)
        try:
            message = decode(packet.event, packet.payload)
            cost = cost_of(message)
            # One was taken as it came.
            if cost != 1 and (wait := connection.allowance.take_all(self._clock(), cost)):
                raise errors.RateLimited(retry_after_ms=wait)
            if isinstance(message, said.RelayEvent):
                return self.relay(session, message, packet, packet.size)
        except errors.RinglineError as error:
            if isinstance(error, errors.InvalidPayload) and packet.event in _RELAY_EVENTS:
                _refused(session, packet)
            self._refuse(Reply(session, packet), error)
            return None
        reply = Reply(session, packet)
        return self._finish(self._run(session, message, reply), reply, since)

    def relay(
        self, session: Session, message: said.RelayEvent, heard: EventPacket | str, size: int
    ) -> Work | None:
        """Pass on what a session relays: now, or by what is returned and to be awaited.

        `heard` is its packet, or its frame where it asks for no answer.
        """
        since = perf_counter()
        asked = not isinstance(heard, str) and heard.ack is not None
        reply = _reply(session, heard) if asked else None
        try:
            if isinstance(session, ResumableSession):
                work = self._relay_once(session, message, reply)
            else:
                work = self._relay(session, message, reply)
        except errors.RinglineError as error:
            self._refuse(reply or _reply(session, heard), error)
            return None
        if work is None:
            self._metrics.events.relayed(message.event, size, perf_counter() - since)
            return None
        return self._finish(work, reply or _reply(session, heard), since, unasked="ok")

    def _relay_once(
        self, session: ResumableSession, message: said.RelayEvent, reply: Reply | None
    ) -> Work | None:
        """Pass on what a resumable session relays, unless it has been taken before.

        Its number is used up by a refusal as well, unless the same is to be sent again.
        """
        if not session.expects(message):
            if reply is not None:
                reply.done(message.event)
            return None
        try:
            work = self._relay(session, message, reply)
        except errors.RateLimited:
            raise
        except errors.RinglineError:
            session.took(message)
            raise
        if work is not None:
            return _taken(session, message, work)
        session.took(message)
        return None

    async def gone(self, connection: Connection) -> None:
        """The transport has closed and every event before that was handled."""
        connection.early.clear()
        session, connection.session = connection.session, None
        if session is not None:
            session.over = session.over or connection.client.why == "client"
            try:
                await self._lost(session)
            except Exception:  # noqa: BLE001 - the boundary: nobody is left to be told
                _log.exception("session.leave_failed")

    def refuse_early(self, connection: Connection) -> None:
        """The join that these events waited for did not come."""
        early, connection.early = connection.early, []
        for packet in early:
            Reply(connection.client, packet).fail(errors.NotJoined())

    async def _finish(
        self, work: Awaitable[None], reply: Reply, since: float, unasked: str | None = None
    ) -> None:
        """See an event to its end; its sender is told what goes wrong.

        With no answer it counts as `unasked`, if at all.
        """
        refusal: errors.RinglineError | None = None
        try:
            await work
        except errors.RinglineError as error:
            # Without its frames, which would keep the event until cycles are collected.
            refusal = error.with_traceback(None)
        except Exception:  # noqa: BLE001 - the boundary: logged, answered, and nobody else notices
            _log.exception("event.failed", client_event=reply.event)
            refusal = errors.Internal()
        self._metrics.events.handled(reply.event, perf_counter() - since)
        if refusal is not None:
            self._refuse(reply, refusal)
        elif result := reply.result or unasked:
            self._metrics.events.answered(reply.event, result)

    def _refuse(self, reply: Reply, error: errors.RinglineError) -> None:
        reply.fail(error)
        if reply.result is not None:
            self._metrics.events.answered(reply.event, reply.result)
        if isinstance(error, errors.RateLimited):
            self._metrics.auth.limited(error.scope)
            _log.info("ratelimit.hit", scope=error.scope)

    async def _unjoined(self, connection: Connection, packet: EventPacket, reply: Reply) -> None:
        if packet.event != said.UserJoin.event:
            _wait_for_join(connection, packet)
            return
        message = decode(packet.event, packet.payload)
        if not isinstance(message, said.UserJoin) or connection.identity is None:
            raise errors.Internal
        attachment = Attachment(
            connection.socket_id,
            connection.identity,
            connection.address,
            connection.client.write,
            connection.client.cut,
            connection.client.queued,
            connection.fence,
            connection.client.pulse,
            connection.traceparent,
        )
        if connection.session is not None:
            await self._joining.rejoin(connection.session, message, reply)
            return
        connection.session = await self._resuming.join(attachment, message, reply)
        early, connection.early = connection.early, []
        for waiting in early:
            if (work := self.handle(connection, waiting)) is not None:
                await work

    async def _run(self, session: Session, message: said.ClientEvent, reply: Reply) -> None:
        use_case = self._use_cases[type(message)]
        request_id = getattr(message, "request_id", None)
        if request_id is None:
            await use_case(session, message, reply)
            return
        work = partial(use_case, session, message, reply)
        await self._repeats.once(session, request_id, reply, work)


def _refused(session: Session, packet: EventPacket) -> None:
    """Use the number up of a relay that cannot be read, else all behind it would be refused."""
    if isinstance(session, ResumableSession):
        session.took(subject_of(packet.payload))


async def _taken(session: ResumableSession, message: said.RelayEvent, work: Work) -> None:
    """Use a relay's number up once it is passed on, or refused for good."""
    try:
        await work
    except errors.RateLimited:
        raise
    except BaseException:
        session.took(message)
        raise
    session.took(message)


def _reply(session: Session, heard: EventPacket | str) -> Reply:
    return Reply(session, decode_event(heard[1:]) if isinstance(heard, str) else heard)


def _wait_for_join(connection: Connection, packet: EventPacket) -> None:
    size = packet.size + sum(waiting.size for waiting in connection.early)
    if len(connection.early) >= MOST_EARLY or size > MOST_EARLY_BYTES:
        raise errors.NotJoined
    connection.early.append(packet)

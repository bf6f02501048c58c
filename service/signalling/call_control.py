"""What may be done to a call that exists: the use cases behind the client's events."""

from collections.abc import Callable

import structlog

from service import errors
from service.calls import events as happened
from service.calls.call import Call
from service.calls.reasons import Reason
from service.ids import of_probe
from service.pace import paced
from service.ports import CallStore, Clock, UserStore
from service.session_ref import SessionRef
from service.sessions.reply import Reply
from service.sessions.session import Session
from service.signalling.presence import Presence
from service.signalling.transitions import Transitions, overdue
from service.telemetry.metrics import Metrics
from service.telemetry.tracing import Tracing
from service.wire import client_events as said
from service.wire.server_events import (
    CallAccepted,
    CallEnded,
    CallMedia,
    CallMoved,
    CallRejected,
)

MEASURED_EVERY_MS = 5_000
"""A side's figures count once in this time: who reports more often is no more users."""
_log = structlog.get_logger(__name__)


class CallControl:
    """Accepting, declining, ending; and what time or loss does to a call."""

    def __init__(
        self,
        *,
        users: UserStore,
        calls: CallStore,
        transitions: Transitions,
        presence: Presence,
        clock: Clock,
        metrics: Metrics,
        tracing: Tracing,
    ) -> None:
        self._users = users
        self._calls = calls
        self._transitions = transitions
        self._presence = presence
        self._clock = clock
        self._metrics = metrics
        self._tracing = tracing

    async def accept(self, who: Session, message: said.CallAccept, reply: Reply) -> None:
        """Take the call on this device; of several that try, one wins.

        Raises:
            TokenExpired: the session needs a fresh token first.
        """
        who.check_token(self._clock())
        await self.take(
            message.call_id,
            happened.Accepted(who.user, who.id, who.ref.node, resumable=who.ref.resumable),
            who.ref,
            lambda after: reply.ok(CallAccepted.of(after, who.ref)),
        )

    async def take(
        self,
        call_id: str,
        accepted: happened.Accepted,
        who: SessionRef,
        decided: Callable[[Call], object] | None = None,
    ) -> None:
        """Have a session of the callee accept; `decided` as for `Transitions.move`."""
        try:
            with self._tracing.accepting(call_id):
                await self._transitions.move(call_id, accepted, who, decided)
        except errors.AlreadyAnswered:
            self._lost_race(call_id)
            raise

    async def check_accept(self, call_id: str, user: str) -> None:
        """Raise what an accept of the user would, as the call stands; change nothing."""
        try:
            await self._transitions.check(call_id, happened.Accepted(user, ""))
        except errors.AlreadyAnswered:
            self._lost_race(call_id)
            raise

    def _lost_race(self, call_id: str) -> None:
        self._metrics.calls.accept_lost()
        _log.info("accept.lost", call_id=call_id)

    async def reject(self, who: Session, message: said.CallReject, reply: Reply) -> None:
        """Decline, for the user or for this device alone."""
        reason = message.reason or Reason.REJECTED
        device = message.scope == "device"
        await self._transitions.move(
            message.call_id,
            happened.Silenced(who.user, who.id, reason)
            if device
            else happened.Rejected(who.user, who.id, reason),
            who.ref,
            lambda after: reply.ok(CallRejected(call_id=after.id, by=who.user, reason=reason)),
        )

    async def end(self, who: Session, message: said.CallEnd, reply: Reply) -> None:
        """Hang up; ending what has ended is fine."""
        await self._transitions.move(
            message.call_id,
            happened.HungUp(who.user, who.id, message.reason),
            who.ref,
            lambda after: reply.ok(ended(after)),
        )

    async def move(self, who: Session, message: said.CallMove, reply: Reply) -> None:
        """Take the call over from another session of the user; of several that try, one wins.

        Raises:
            TokenExpired: the session needs a fresh token first.
        """
        who.check_token(self._clock())
        call = await self._transitions.move(
            message.call_id,
            happened.Moving(who.user, who.id, who.ref.node, who.resumable, message.moves),
            who.ref,
            lambda after: reply.ok(
                CallMoved(call_id=after.id, by=who.user, generation=after.generation)
            ),
        )
        self._tracing.taken_over(call, who.user)

    async def media(self, who: Session, message: said.CallMediaReport, reply: Reply) -> None:
        """Pass a media report on, and remember the first success."""
        told = CallMedia(call_id=message.call_id, by=who.user, state=message.state)
        stats = message.stats
        report = happened.MediaReported(
            who.user,
            who.id,
            message.state,
            path=None if stats is None else stats.path,
            turn_refused=stats is not None and stats.turn_error is not None,
        )
        call = await self._transitions.move(
            message.call_id, report, who.ref, lambda _after: reply.ok(told)
        )
        now = self._clock()
        if stats is not None and now >= who.measured_until and not of_probe(who.user):
            who.measured_until = now + MEASURED_EVERY_MS
            self._metrics.media.reported(stats, call)

    async def lost(self, who: Session) -> None:
        """A session is gone: its calls end, and a ring at the last device.

        Where nobody may know who is online, that rings on until its time is up.
        """
        left = await self._users.remove(who.ref, self._clock())
        gone = happened.SessionLost(
            who.user,
            who.id,
            frozenset(ref.id for ref in left.sessions),
            rings_on=not self._presence.visible,
        )
        for call in left.calls:
            await self._transitions.move(call.id, gone)

    async def timed_out(self) -> None:
        """End what has lasted too long."""
        now = self._clock()
        async for call in paced(await self._calls.due(now)):
            await self._transitions.move(call.id, overdue(now))

    async def load(self, call_id: str) -> Call:
        """The call, live or lately ended; raises `CallNotFound`."""
        return await self._transitions.load(call_id)

    async def decline(self, user: str, call_id: str) -> Call:
        """Decline without a session, as over HTTP."""
        return await self._transitions.move(call_id, happened.Rejected(user, None))

    async def terminate(self, call_id: str, reason: Reason) -> Call:
        """End a call for the operator."""
        return await self._transitions.move(call_id, happened.Terminated(reason))


def ended(call: Call) -> CallEnded:
    """An ended call as the wire tells it."""
    return CallEnded(
        call_id=call.id,
        by=call.ended_by,
        reason=call.reason or Reason.COMPLETED,
        duration_ms=call.duration_ms,
    )

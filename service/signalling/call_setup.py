"""Placing a call: limits, admission, engaging both users, having every device ring."""

from collections.abc import Callable
from contextlib import suppress

from service import errors, ids
from service.calls import machine
from service.calls.admission import Admitted, Glare
from service.calls.call import Call, Link
from service.calls.events import Accepted, Rejected, Rung, SessionLost
from service.calls.reasons import Reason
from service.calls.timeouts import Timeouts
from service.envelopes import Ring
from service.keyed_locks import KeyedLocks
from service.limits import Limit, Meters
from service.ports import CallStore, Clock, Delivery, IceSource
from service.sessions.reply import Reply
from service.sessions.session import Session
from service.signalling.availability import Availability, Available
from service.signalling.call_routes import Routes
from service.signalling.presence import Presence
from service.signalling.transitions import Transitions
from service.telemetry.call_log import refused
from service.telemetry.tracing import Setup, Tracing
from service.wire.client_events import CallInitiate
from service.wire.server_events import CallInitiated, GlareAccepted, ice_fields

INITIATES = Limit(count=20, per_ms=60_000)
INITIATES_TO_ONE = Limit(count=6, per_ms=60_000)
_ATTEMPTS = 16


class CallSetup:
    """Starts calls."""

    def __init__(
        self,
        *,
        calls: CallStore,
        transitions: Transitions,
        routes: Routes,
        locks: KeyedLocks,
        delivery: Delivery,
        presence: Presence,
        ice: IceSource,
        clock: Clock,
        timeouts: Timeouts,
        tracing: Tracing,
        draining: Callable[[], bool],
        availability: Availability,
        scale: float = 1.0,
    ) -> None:
        self._calls = calls
        self._transitions = transitions
        self._routes = routes
        self._locks = locks
        self._delivery = delivery
        self._presence = presence
        self._ice = ice
        self._clock = clock
        self._timeouts = timeouts
        self._availability = availability
        self._tracing = tracing
        self._draining = draining
        self._by_user = Meters(INITIATES.scaled(scale))
        self._by_pair = Meters(INITIATES_TO_ONE.scaled(scale))

    async def initiate(self, who: Session, message: CallInitiate, reply: Reply) -> None:
        """Call `message.to` as `_initiate` does, as one trace; log why that is refused."""
        client = None if message.meta is None else message.meta.traceparent
        call_id, kind = ids.call_id(), message.call_type
        with self._tracing.setup(call_id, kind, client or who.traceparent) as setup:
            try:
                await self._initiate(who, message, reply, call_id, setup)
            except errors.RinglineError as refusal:
                refused(kind, refusal)
                raise

    async def _initiate(
        self, who: Session, message: CallInitiate, reply: Reply, call_id: str, setup: Setup
    ) -> None:
        """Call `message.to`, or accept the call with which they call `who`.

        Raises:
            InvalidPayload: a user calls themselves.
            ServerDraining: this node is stopping.
            RateLimited, AlreadyInCall, UserBusy, UserUnavailable: as named.
        """
        if message.to == who.user:
            raise errors.InvalidPayload("to: a user cannot call themselves.")
        now = self._clock()
        who.check_token(now)
        if self._draining():
            raise errors.ServerDraining
        self._limit(who.user, message.to, now)
        for _ in range(_ATTEMPTS):
            available = await self._availability.of(who, message.to)
            verdict = available.verdict
            if isinstance(verdict, Glare):
                setup.meets(verdict.call)
                await self._accept_theirs(who, verdict.call, reply)
                return
            if verdict.answered_busy:
                await self._answer_busy(who, verdict)
                continue
            call = self._new_call(who, message, call_id, setup)
            if await self._open(who, call, available, reply):
                return
        raise errors.StoreUnavailable

    def _limit(self, caller: str, callee: str, now: int) -> None:
        if wait := self._by_user.take(caller, now):
            raise errors.RateLimited(scope="initiates", retry_after_ms=wait)
        if wait := self._by_pair.take((caller, callee), now):
            raise errors.RateLimited(scope="initiates_to_one", retry_after_ms=wait)

    async def _accept_theirs(self, who: Session, call: Call, reply: Reply) -> None:
        with self._tracing.accepting(call.id):
            await self._transitions.move(
                call.id,
                Accepted(who.user, who.id, who.ref.node, resumable=who.ref.resumable),
                who.ref,
                lambda accepted: reply.ok(
                    GlareAccepted.of(accepted, who.ref, glare=True, role="callee")
                ),
            )

    async def _answer_busy(self, who: Session, verdict: Admitted) -> None:
        """Who starts a call while being rung is busy for the ring; devices that ring are told."""
        for ring in verdict.answered_busy:
            route = self._routes.get(ring.id)
            rings = route is not None and who.id in route.rung and who.id not in ring.silenced
            session = who.id if rings else None
            with suppress(errors.CallEnded, errors.AlreadyAnswered):  # admission looks again
                await self._transitions.move(
                    ring.id, Rejected(who.user, session, Reason.BUSY), who.ref if session else None
                )

    def _new_call(self, who: Session, message: CallInitiate, call_id: str, setup: Setup) -> Call:
        now = self._clock()
        return Call(
            id=call_id,
            trace_id=setup.trace_id,
            span_id=setup.span_id,
            type=message.call_type,
            caller=who.user,
            caller_session=who.id,
            caller_node=who.ref.node,
            calling=Link(who.ref.resumable),
            caller_name=who.identity.name,
            callee=message.to,
            metadata=bytes(message.metadata) if message.metadata else None,
            created_at=now,
            deadline=now + self._timeouts.ring,
        )

    async def _open(self, who: Session, call: Call, available: Available, reply: Reply) -> bool:
        """Open the call and ring; False when one of the two has been engaged meanwhile.

        Raises:
            UserUnavailable: the callee's last device left before the call was there to be ended.
        """
        hidden = not self._presence.visible
        self._locks.enter(call.id)  # nobody may answer what the caller has not heard of
        try:
            opened = await self._calls.open(
                call, available.caller_version, available.callee_version
            )
            if opened is None:
                return False
            if not opened.devices and not hidden and await self._withdraw(opened):
                self._presence.moved(opened)
                raise errors.UserUnavailable
            self._announce(who, opened, reply)
            self._routes.begin(opened)
        finally:
            self._locks.leave(call.id)
        for device in opened.devices:
            self._delivery.send(device, Ring(opened))
        if hidden and not opened.devices:
            await self._transitions.move(call.id, Rung())
        return True

    async def _withdraw(self, call: Call) -> bool:
        """End a call that nobody has heard of; False when somebody has, on another node."""
        gone = SessionLost(call.callee, "")
        after = machine.decide(call, gone, self._clock(), self._timeouts).call
        return await self._calls.swap(call, after, call.id) is after

    def _announce(self, who: Session, call: Call, reply: Reply) -> None:
        initiated = CallInitiated(
            call_id=call.id,
            uuid=ids.uuid_of(call.id),
            to=call.callee,
            call_type=call.type,
            state=call.state,
            expires_at=call.deadline or 0,
            expires_in_ms=self._timeouts.ring,
            **ice_fields(self._ice.servers(call.caller, call.created_at)),
        )
        told = initiated.encode()
        reply.done(initiated.event, told)
        who.emit(initiated.event, told)

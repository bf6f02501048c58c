"""Placing a call: limits, admission, engaging both users, ringing every device."""

from collections.abc import Callable
from contextlib import suppress

import msgspec

from service import errors, ids
from service.calls import machine
from service.calls.admission import Admitted, Glare
from service.calls.call import Call
from service.calls.events import Accepted, Rejected, Rung, SessionLost
from service.calls.reasons import Reason
from service.calls.rules import Timeouts
from service.limits import Limit, Meters
from service.ports import CallStore, Clock, IceSource, SessionRef, SessionStore
from service.sessions.reply import Reply
from service.sessions.session import Session
from service.signalling.availability import Availability, Available
from service.signalling.presence import Presence
from service.signalling.relay import Relay
from service.signalling.transitions import Transitions
from service.telemetry.tracing import Setup, Tracing
from service.wire.client_events import CallInitiate
from service.wire.server_events import CallIncoming, CallInitiated, GlareAccepted, ice_fields

INITIATES = Limit(count=20, per_ms=60_000)
INITIATES_TO_ONE = Limit(count=6, per_ms=60_000)
_ATTEMPTS = 16


class CallSetup:
    """Starts calls, and rings the devices that come later."""

    def __init__(
        self,
        *,
        calls: CallStore,
        sessions: SessionStore,
        transitions: Transitions,
        relay: Relay,
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
        self._sessions = sessions
        self._transitions = transitions
        self._relay = relay
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
        """Call `message.to` as `_initiate` does, as one trace."""
        client = None if message.meta is None else message.meta.traceparent
        with self._tracing.setup(message.call_type, client or who.traceparent) as setup:
            await self._initiate(who, message, reply, setup)

    async def _initiate(
        self, who: Session, message: CallInitiate, reply: Reply, setup: Setup
    ) -> None:
        """Call `message.to`, or accept the call with which they call `who`.

        Raises:
            InvalidPayload: a user calls themselves.
            ServerDraining: this node is stopping.
            RateLimited, AlreadyInCall, UserBusy, UserUnavailable: as named.
        """
        if message.to == who.user:
            raise errors.InvalidPayload("to: a user cannot call themselves.")
        who.check_token(self._clock())
        if self._draining():
            raise errors.ServerDraining
        self._limit(who.user, message.to)
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
            call = self._new_call(who, message, setup)
            if await self._open(who, call, available, reply):
                return
        raise errors.StoreUnavailable

    async def ring_late(self, who: Session) -> None:
        """Ring a device that came online while somebody calls its user."""
        for call in (await self._calls.engagements(who.user)).calls:
            if call.callee == who.user and call.unanswered:
                await self._transitions.move(
                    call.id,
                    lambda current, _devices: (
                        Rung() if self._relay.may_ring(current, who.id) else None
                    ),
                    lambda current: self._ring_device(current, who.ref),
                )

    def _limit(self, caller: str, callee: str) -> None:
        now = self._clock()
        if wait := self._by_user.take(caller, now):
            raise errors.RateLimited(scope="initiates", retry_after_ms=wait)
        if wait := self._by_pair.take((caller, callee), now):
            raise errors.RateLimited(scope="initiates_to_one", retry_after_ms=wait)

    async def _accept_theirs(self, who: Session, call: Call, reply: Reply) -> None:
        with self._tracing.accepting(call.id):
            await self._transitions.move(
                call.id,
                Accepted(who.user, who.id),
                lambda accepted: reply.ok(GlareAccepted(call_id=accepted.id, by=who.user)),
            )

    async def _answer_busy(self, who: Session, verdict: Admitted) -> None:
        """Who starts a call while being rung is busy for the ring; a silent device knows it."""
        for ring in verdict.answered_busy:
            session = None if who.id in ring.silenced else who.id
            with suppress(errors.CallEnded, errors.AlreadyAnswered):  # admission looks again
                await self._transitions.move(ring.id, Rejected(who.user, session, Reason.BUSY))

    def _new_call(self, who: Session, message: CallInitiate, setup: Setup) -> Call:
        setup.call_id = ids.call_id()
        return machine.initiate(
            call_id=setup.call_id,
            trace=setup.traceparent,
            call_type=message.call_type,
            caller=who.user,
            caller_session=who.id,
            caller_name=who.identity.name,
            callee=message.to,
            metadata=bytes(message.metadata) if message.metadata else None,
            now=self._clock(),
            timeouts=self._timeouts,
        )

    async def _open(self, who: Session, call: Call, available: Available, reply: Reply) -> bool:
        """Open the call and ring; False when one of the two has been engaged meanwhile.

        Raises:
            UserUnavailable: the callee's last device left before the call was there to be ended.
        """
        async with self._transitions.lock(
            call.id
        ):  # none may answer what the caller has not heard of
            versions = available.caller_version, available.callee_version
            if not await self._calls.open(call, *versions):
                return False
            devices = await self._sessions.of(call.callee)  # who joined before the call was there
            hidden = not self._presence.visible
            if not devices and not hidden and await self._withdraw(call):
                raise errors.UserUnavailable
            self._relay.follow(call)
            self._transitions.observe(None, call)
            self._announce(who, call, reply)
            reached = [self._ring_device(call, device) for device in devices]
        if any(reached) or hidden:
            await self._transitions.move(call.id, Rung(sum(reached)))
        await self._presence.changed(call.caller)
        return True

    async def _withdraw(self, call: Call) -> bool:
        """End a call that nobody has heard of; False when somebody has, on another node."""
        gone = SessionLost(call.callee, "", last=True)
        after = machine.decide(call, gone, self._clock(), self._timeouts).call
        withdrawn = await self._calls.swap(call, after)
        await self._presence.changed(call.caller)
        return withdrawn

    def _announce(self, who: Session, call: Call, reply: Reply) -> None:
        initiated = CallInitiated(
            call_id=call.id,
            to=call.callee,
            call_type=call.type,
            state=call.state,
            expires_at=call.deadline or 0,
            expires_in_ms=self._timeouts.ring,
            **ice_fields(self._ice.servers(call.caller, call.created_at)),
        )
        reply.ok(initiated)
        who.emit(initiated.event, initiated.encode())

    def _ring_device(self, call: Call, device: SessionRef) -> bool:
        """Ring one device, once, while there is something to answer."""
        if not call.unanswered or not self._relay.may_ring(call, device.id):
            return False
        now = self._clock()
        incoming = CallIncoming(
            from_=call.caller,
            from_name=call.caller_name,
            call_type=call.type,
            call_id=call.id,
            state=call.state,
            metadata=msgspec.Raw(call.metadata) if call.metadata else msgspec.UNSET,
            expires_at=call.deadline or 0,
            expires_in_ms=max(0, (call.deadline or 0) - now),
            **ice_fields(self._ice.servers(device.user, now)),
        )
        return self._relay.ring(call, device.id, incoming.event, incoming.encode())

"""Moving a call: load, decide, compare-and-set, perform. The store decides every race.

What one node does to a call it does in turn, so that what its moves send goes out in the order
of the moves, however late the store answers.
"""

from collections.abc import Callable, Sequence

from service import errors
from service.calls.call import Call
from service.calls.effects import Audience, Send
from service.calls.events import DeadlinePassed, Event, SessionLost, Silenced
from service.calls.machine import Decision, decide
from service.calls.reasons import Reason
from service.calls.rules import Timeouts
from service.keyed_locks import KeyedLock, KeyedLocks
from service.ports import CallObserver, CallStore, Clock, Mail, SessionStore
from service.signalling.presence import Presence
from service.signalling.relay import Relay
from service.wire.server_events import encode_message

Devices = frozenset[str]
"""Ids of the sessions on which the callee is online."""
Happened = Event | Callable[[Call, Devices], Event | None]
"""An event, or how to tell it, if there is one, from the call as it stands and the devices."""


class Transitions:
    """Takes calls from one state to the next and tells everyone concerned."""

    def __init__(
        self,
        *,
        calls: CallStore,
        sessions: SessionStore,
        mail: Mail,
        relay: Relay,
        presence: Presence,
        clock: Clock,
        timeouts: Timeouts,
        observers: Sequence[CallObserver] = (),
    ) -> None:
        self._calls = calls
        self._sessions = sessions
        self._mail = mail
        self._relay = relay
        self._presence = presence
        self._clock = clock
        self._timeouts = timeouts
        self._observers = tuple(observers)
        self._locks = KeyedLocks()

    def lock(self, call_id: str) -> KeyedLock:
        """What is done to a call within `async with` this, no move interrupts; none may be made."""
        return self._locks.of(call_id)

    async def load(self, call_id: str) -> Call:
        """The call, live or lately ended.

        Raises:
            CallNotFound: nobody remembers such a call.
        """
        call = await self._calls.load(call_id)
        if call is None:
            raise errors.CallNotFound
        return call

    async def move(
        self, call_id: str, event: Happened, decided: Callable[[Call], object] | None = None
    ) -> Call:
        """Apply an event to a call, however often others move it meanwhile.

        `decided` is told the call as it became, before anything is sent.

        Raises:
            CallNotFound: nobody remembers such a call.
            RinglineError: the machine refuses; nothing has changed.
        """
        async with self.lock(call_id):
            while True:
                call = await self.load(call_id)
                devices = await self._devices(call)
                what = event(call, devices) if callable(event) else event
                if what is None:
                    return call
                decision = decide(call, what, self._clock(), self._timeouts)
                if decision.call is call or await self._calls.swap(call, decision.call):
                    break
            if decided is not None:
                decided(decision.call)
            self._perform(call, decision, getattr(what, "session", None), devices)
        if decision.call.state is not call.state:
            await self._presence.changed(call.caller, call.callee)
        return decision.call

    async def _devices(self, call: Call) -> Devices:
        if not call.unanswered:
            return frozenset()
        return frozenset(ref.id for ref in await self._sessions.of(call.callee))

    def _perform(
        self, before: Call, decision: Decision, actor: str | None, devices: Devices
    ) -> None:
        """Write the messages in their order; nothing may wait between the first and the last.

        The observers hear of it while the call's route still stands, which ends with the call.
        """
        for send in decision.sends:
            event, payload = encode_message(send.message)
            for session in _receivers(send, decision.call, actor, devices):
                self._mail.deliver(session, event, payload)
        if decision.call.state is not before.state:
            self.observe(before, decision.call)
        self._relay.follow(decision.call)

    def observe(self, before: Call | None, after: Call) -> None:
        """Tell the observers what a call did."""
        for observer in self._observers:
            observer.moved(before, after)


def _receivers(send: Send, call: Call, actor: str | None, devices: Devices) -> list[str]:
    match send.to:
        case Audience.CALLER:
            return [call.caller_session]
        case Audience.CALLEE:
            return [call.callee_session] if call.callee_session else []
        case Audience.ACTOR:
            return [actor] if actor else []
        case Audience.DEVICES:
            return sorted(devices - call.silenced)
        case Audience.OTHER_DEVICES:
            return sorted(devices - call.silenced - {actor})


def silenced(user: str, session: str, reason: Reason) -> Happened:
    """One device declines: the last that still rings declines for all."""
    return lambda call, devices: Silenced(
        user, session, reason, last=devices - call.silenced <= {session}
    )


def session_lost(user: str, session: str, *, rings_on: bool = False) -> Happened:
    """A session is gone: the last device takes its ring with it, unless that `rings_on`."""
    return lambda call, devices: SessionLost(
        user, session, last=not rings_on and devices - call.silenced <= {session}
    )


def overdue(now: int) -> Happened:
    """The deadline has passed, unless the call has meanwhile moved on to a later one."""
    return lambda call, _devices: (
        DeadlinePassed() if call.deadline is not None and call.deadline <= now else None
    )

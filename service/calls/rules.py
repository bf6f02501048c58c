"""The rules that the machine's table is made of: when a row applies, and what it does.

A guard tells whether a row applies. An act returns the fields of the call that change, without
its state, and the messages to send. Both are pure.
"""

from collections.abc import Callable
from typing import Any

from service.calls import events as happened
from service.calls import media
from service.calls.call import Call, Link
from service.calls.effects import (
    Audience,
    CallAccepted,
    CallEnded,
    CallMedia,
    CallPeerReconnecting,
    CallRejected,
    CallRinging,
    Send,
)
from service.calls.reasons import Reason
from service.calls.sides import CALLING, tell
from service.calls.timeouts import Timeouts

Changes = dict[str, Any]
Outcome = tuple[Changes, tuple[Send, ...]]
Act = Callable[[Call, Any, int, Timeouts], Outcome]
Guard = Callable[[Call, Any, int], bool]

Said = (
    happened.Negotiated
    | happened.HungUp
    | happened.MediaReported
    | happened.Detached
    | happened.Returned
)
"""What either party may do, or may happen to it."""


# Guards. The diagram shows their names.


def by_calling_session(call: Call, event: happened.HungUp, _now: int) -> bool:
    """The session that placed the call did it."""
    return event.session == call.caller_session


def by_caller(call: Call, event: happened.HungUp, _now: int) -> bool:
    """The caller did it, on any device."""
    return event.user == call.caller


def by_callee(call: Call, event: happened.HungUp | happened.SessionLost, _now: int) -> bool:
    """It happened on a device of the callee, any of them."""
    return event.user == call.callee


def by_a_party(call: Call, event: Said, _now: int) -> bool:
    """It is one of the two bound sessions."""
    return call.binds(event.session)


def party_lost(call: Call, event: happened.SessionLost, _now: int) -> bool:
    """The lost session was bound to the call."""
    return call.binds(event.session)


def last_device_lost(call: Call, event: happened.SessionLost, _now: int) -> bool:
    """The callee has no device left to ring."""
    return event.user == call.callee and not event.rings_on and event.others <= call.silenced


def last_device(call: Call, event: happened.Silenced, _now: int) -> bool:
    """No other device rings."""
    return all(ref.id == event.session for ref in call.ringing)


def another_device(call: Call, event: happened.Rung, _now: int) -> bool:
    """The call does not know the device yet."""
    return event.device is not None and not call.is_for(event.device.id)


def rings_in_vain(call: Call, event: happened.Rung, _now: int) -> bool:
    """The call does not know the device, which has neither accepted nor silenced it."""
    device = event.device
    if device is None or call.binds(device.id) or device.id in call.silenced:
        return False
    return not (call.is_for(device.id) or call.taken_on(device))


def time_is_up(call: Call, _event: happened.DeadlinePassed, now: int) -> bool:
    """The deadline of the present state, not one that a faster event has moved."""
    return call.deadline is not None and call.deadline <= now


# Acts.


def ring(call: Call, event: happened.Rung, now: int, timeouts: Timeouts) -> Outcome:
    """The first device has it: tell the caller."""
    devices = ring_more(call, event, now, timeouts)[0] if another_device(call, event, now) else {}
    return {"ringing_at": now, **devices}, (
        Send(Audience.CALLER, CallRinging(call.id, by=call.callee)),
    )


def ring_more(call: Call, event: happened.Rung, _now: int, _timeouts: Timeouts) -> Outcome:
    """A device that came later rings, too; the caller has heard already."""
    return {"devices": (*call.devices, event.device)}, ()


def stop_ringing(call: Call, _event: happened.Rung, _now: int, _timeouts: Timeouts) -> Outcome:
    """A device rings for a call that rings no more: tell it what became of that."""
    by, why = call.ended_by, call.reason or Reason.CANCELLED
    if call.accepted_at is not None:
        by, why = call.callee, Reason.ANSWERED_ELSEWHERE
    elif by == call.callee and why is not Reason.CONNECTION_LOST:
        why = Reason.REJECTED_ELSEWHERE
    return {}, (Send(Audience.ACTOR, CallEnded(call.id, by, why, 0)),)


def accept(call: Call, event: happened.Accepted, now: int, _timeouts: Timeouts) -> Outcome:
    """Bind the session; the other devices stop."""
    elsewhere = CallEnded(call.id, call.callee, Reason.ANSWERED_ELSEWHERE, 0)
    changes = {
        "callee_session": event.session,
        "callee_node": event.node,
        "called": Link(event.resumable, away_at=now if event.away else None, device=event.device),
        "accepted_at": now,
        "connecting_at": None if event.away else now,
        "metadata": None,  # nobody is rung any more
    }
    sends: tuple[Send, ...] = (
        Send(Audience.ACTOR, _accepted(call, told_more=event.resumable)),
        Send(Audience.CALLER, _accepted(call, told_more=call.calling.resumable)),
        Send(Audience.OTHER_DEVICES, elsewhere),
    )
    if event.away:
        sends += tell(CALLING, call.calling, CallPeerReconnecting(call.id, call.callee))
    if event.resumable and call.calling.away_at is not None:
        sends += (Send(Audience.ACTOR, CallPeerReconnecting(call.id, call.caller)),)
    return changes, sends


def _accepted(call: Call, *, told_more: bool) -> CallAccepted:
    return CallAccepted(call.id, call.callee, call.generation if told_more else None)


def connect(_call: Call, _event: happened.Negotiated, now: int, _timeouts: Timeouts) -> Outcome:
    """From here only the longest duration bounds the call, while both parties are there."""
    return {"connected_at": now}, ()


def report_media(
    call: Call, event: happened.MediaReported, now: int, _timeouts: Timeouts
) -> Outcome:
    """Tell the other side; remember when media came, how, and what failed."""
    other = Audience.CALLEE if event.session == call.caller_session else Audience.CALLER
    return media.heard(call, event, now), (
        Send(other, CallMedia(call.id, event.user, event.state)),
    )


def silence(call: Call, event: happened.Silenced, _now: int, _timeouts: Timeouts) -> Outcome:
    """One device stops ringing; nobody else notices."""
    rejected = CallRejected(call.id, event.user, event.reason)
    return _silenced(call, event.session), (Send(Audience.ACTOR, rejected),)


def leave(call: Call, event: happened.SessionLost, _now: int, _timeouts: Timeouts) -> Outcome:
    """One device is gone; the others ring on."""
    return _silenced(call, event.session), ()


def _silenced(call: Call, session: str) -> Changes:
    """A session rings no more; nor will it, should the call hear only later that it rings."""
    noted = not call.crowded or call.is_for(session)
    return {"silenced": call.silenced | {session}} if noted and session not in call.silenced else {}


def reject(
    call: Call, event: happened.Rejected | happened.Silenced, now: int, _timeouts: Timeouts
) -> Outcome:
    """The callee is not there for this call, on any device."""
    rejected = CallRejected(call.id, event.user, event.reason)
    elsewhere = CallEnded(call.id, event.user, Reason.REJECTED_ELSEWHERE, 0)
    silenced = {} if event.session is None else _silenced(call, event.session)
    return over(event.reason, event.user, now) | silenced, (
        Send(Audience.ACTOR, rejected),
        Send(Audience.CALLER, rejected),
        Send(Audience.OTHER_DEVICES, elsewhere),
    )


def decline(call: Call, event: happened.HungUp, now: int, _timeouts: Timeouts) -> Outcome:
    """`call:end` by a callee who has not accepted is a rejection, told as an end."""
    why = _trouble(event) or Reason.REJECTED
    ended = CallEnded(call.id, event.user, why, 0)
    elsewhere = CallEnded(call.id, event.user, Reason.REJECTED_ELSEWHERE, 0)
    return over(why, event.user, now) | _silenced(call, event.session), (
        Send(Audience.ACTOR, ended),
        Send(Audience.CALLER, ended),
        Send(Audience.OTHER_DEVICES, elsewhere),
    )


def tell_ended(call: Call, _event: happened.HungUp, _now: int, _timeouts: Timeouts) -> Outcome:
    """Ending what has ended is fine: tell how it ended."""
    reason = call.reason or Reason.COMPLETED
    ended = CallEnded(call.id, call.ended_by, reason, call.duration_ms)
    return {}, (Send(Audience.ACTOR, ended),)


def ignore(_call: Call, _event: happened.Event, _now: int, _timeouts: Timeouts) -> Outcome:
    """Nothing follows."""
    return {}, ()


def end(default: Reason) -> Act:
    """An act that ends the call for the trouble that the event names, else for `default`."""

    def act(call: Call, event: happened.Event, now: int, _timeouts: Timeouts) -> Outcome:
        """The call is over for both sides."""
        return ending(call, _trouble(event) or default, getattr(event, "user", None), now)

    return act


def ending(call: Call, why: Reason, by: str | None, now: int) -> Outcome:
    """What ends a call for both sides."""
    since = call.accepted_at
    ended = CallEnded(call.id, by, why, 0 if since is None else now - since)
    called = Audience.DEVICES if call.unaccepted else Audience.CALLEE
    changes = over(why, by, now)
    if why is Reason.MEDIA_FAILED:
        changes["media_failed"] = call.media_failed or media.stage(call)
    return changes, (Send(Audience.CALLER, ended), Send(called, ended))


def end_elsewhere(default: Reason) -> Act:
    """As `end`, by a device that the call does not bind: the same phone in its new network."""
    ending = end(default)

    def act(call: Call, event: happened.HungUp, now: int, timeouts: Timeouts) -> Outcome:
        """Another device of a party ends the call for both sides, and is told as well."""
        changes, sends = ending(call, event, now, timeouts)
        return changes, (Send(Audience.ACTOR, sends[0].message), *sends)

    return act


def _trouble(event: happened.Event) -> Reason | None:
    """The reason that the event names, but never `completed`: the state tells when that is so."""
    named: Reason | None = getattr(event, "reason", None)
    return None if named is Reason.COMPLETED else named


def over(reason: Reason, by: str | None, now: int) -> Changes:
    """What is true of every call that ended; what only a ring tells is let go."""
    return {"ended_at": now, "reason": reason, "ended_by": by, "metadata": None}

"""The life of a call as a table: state x event -> state, and what to send.

`decide` is pure. It takes the call, what happened and the time, and returns the next call with
the messages to send, or raises a coded error and changes nothing. docs/call-states.md is
generated from `TRANSITIONS`.
"""

from dataclasses import dataclass
from typing import NamedTuple

from service import errors
from service.calls import absence, lifetime, moving, rules
from service.calls import events as happened
from service.calls.call import Call, State
from service.calls.effects import Send
from service.calls.reasons import Reason
from service.calls.rules import Act, Guard
from service.calls.timeouts import Timeouts


class Decision(NamedTuple):
    """What follows from an event. `call` is the same object when nothing changed."""

    call: Call
    sends: tuple[Send, ...] = ()


@dataclass(frozen=True, slots=True)
class Rule:
    """One row: where it leads, what it does, and when it applies. None stays in the state."""

    to: State | None
    act: Act
    when: Guard | None = None


def decide(call: Call, event: happened.Event, now: int, timeouts: Timeouts) -> Decision:
    """Apply one event.

    Raises:
        NotParticipant: the user or the session has no part in this.
        CallEnded, AlreadyAnswered, InvalidState: the table has no row for it.
    """
    _admit(call, event)
    for rule in TRANSITIONS.get((call.state, type(event)), ()):
        if rule.when is None or rule.when(call, event, now):
            changes, sends = rule.act(call, event, now, timeouts)
            if not changes and rule.to is None:
                return Decision(call, sends)
            state = rule.to or call.state
            changes |= {"state": state, "revision": call.revision + 1}
            if state is State.ENDED:
                changes |= absence.ended(call, now, timeouts)
            after = call.changed(changes)
            deadline = lifetime.deadline(after, timeouts)
            if deadline != after.deadline:
                after = after.changed({"deadline": deadline})
            return Decision(after, sends)
    raise _refusal(call, event)


def _admit(call: Call, event: happened.Event) -> None:
    """Strangers are told the same whatever the call's state is."""
    user = getattr(event, "user", None)
    if user is not None and user not in (call.caller, call.callee):
        raise errors.NotParticipant
    only_callee = (happened.Accepted, happened.Rejected, happened.Silenced)
    if isinstance(event, only_callee) and event.user != call.callee:
        raise errors.NotParticipant("Only the callee may answer the call.")


def _refusal(call: Call, event: happened.Event) -> errors.RinglineError:
    if call.state is State.ENDED:
        return errors.CallEnded()
    if isinstance(event, happened.Accepted | happened.Rejected | happened.Silenced):
        return errors.AlreadyAnswered()
    session = getattr(event, "session", None)
    before_accept = call.unaccepted and getattr(event, "user", None) == call.callee
    concerned = before_accept or isinstance(event, happened.Moving)
    if session is not None and not concerned and not call.binds(session):
        return errors.NotParticipant()
    return errors.InvalidState(f"The call is {call.state}.")


_ABSENCE: dict[type[happened.Event], tuple[Rule, ...]] = {
    happened.Detached: (
        Rule(None, absence.detach, rules.by_a_party),
        Rule(None, rules.ignore),
    ),
    happened.Returned: (
        Rule(None, absence.come_back, rules.by_a_party),
        Rule(None, rules.ignore),
    ),
}

_UNACCEPTED: dict[type[happened.Event], tuple[Rule, ...]] = {
    happened.Accepted: (Rule(State.CONNECTING, rules.accept),),
    happened.Rejected: (Rule(State.ENDED, rules.reject),),
    happened.Silenced: (
        Rule(State.ENDED, rules.reject, rules.last_device),
        Rule(None, rules.silence),
    ),
    happened.HungUp: (
        Rule(State.ENDED, rules.end(Reason.CANCELLED), rules.by_calling_session),
        Rule(State.ENDED, rules.end_elsewhere(Reason.CANCELLED), rules.by_caller),
        Rule(State.ENDED, rules.decline, rules.by_callee),
    ),
    happened.SessionLost: (
        Rule(State.ENDED, rules.end(Reason.CONNECTION_LOST), rules.party_lost),
        Rule(State.ENDED, rules.end(Reason.CONNECTION_LOST), rules.last_device_lost),
        Rule(None, rules.leave, rules.by_callee),
        Rule(None, rules.ignore),
    ),
    happened.Detached: _ABSENCE[happened.Detached],
    happened.Returned: (
        Rule(None, absence.ring_elsewhere, absence.rings_elsewhere),
        *_ABSENCE[happened.Returned],
    ),
    happened.DeadlinePassed: (
        Rule(State.ENDED, absence.time_out(Reason.NO_ANSWER), rules.time_is_up),
        Rule(None, rules.ignore),
    ),
    happened.Terminated: (Rule(State.ENDED, rules.end(Reason.ADMIN_TERMINATED)),),
}

_RINGS_NO_MORE = (Rule(None, rules.stop_ringing, rules.rings_in_vain), Rule(None, rules.ignore))

_ACCEPTED: dict[type[happened.Event], tuple[Rule, ...]] = {
    happened.Rung: _RINGS_NO_MORE,
    happened.HungUp: (
        Rule(State.ENDED, rules.end(Reason.COMPLETED), rules.by_a_party),
        Rule(State.ENDED, rules.end_elsewhere(Reason.COMPLETED)),
    ),
    happened.MediaReported: (Rule(None, rules.report_media, rules.by_a_party),),
    happened.SessionLost: (
        Rule(State.ENDED, rules.end(Reason.CONNECTION_LOST), rules.party_lost),
        Rule(None, rules.ignore),
    ),
    happened.Detached: _ABSENCE[happened.Detached],
    happened.Returned: (
        Rule(State.ENDED, rules.end(Reason.CONNECTION_LOST), absence.fresh_beside_a_plain_one),
        *_ABSENCE[happened.Returned],
    ),
    happened.Moving: (Rule(None, moving.move),),
    happened.Terminated: (Rule(State.ENDED, rules.end(Reason.ADMIN_TERMINATED)),),
}

_ROWS: dict[State, dict[type[happened.Event], tuple[Rule, ...]]] = {
    State.INITIATING: {
        happened.Rung: (Rule(State.RINGING, rules.ring),),
        **_UNACCEPTED,
    },
    State.RINGING: {
        happened.Rung: (
            Rule(None, rules.ring_more, rules.another_device),
            Rule(None, rules.ignore),
        ),
        **_UNACCEPTED,
    },
    State.CONNECTING: {
        happened.Negotiated: (Rule(State.CONNECTED, rules.connect, rules.by_a_party),),
        happened.DeadlinePassed: (
            Rule(State.ENDED, absence.time_out(Reason.CONNECT_TIMEOUT), rules.time_is_up),
            Rule(None, rules.ignore),
        ),
        **_ACCEPTED,
    },
    State.CONNECTED: {
        happened.Negotiated: (Rule(None, rules.ignore, rules.by_a_party),),
        happened.DeadlinePassed: (
            Rule(State.ENDED, absence.time_out(Reason.MAX_DURATION), rules.time_is_up),
            Rule(None, rules.ignore),
        ),
        **_ACCEPTED,
    },
    State.ENDED: {
        happened.HungUp: (Rule(None, rules.tell_ended),),
        happened.Rung: _RINGS_NO_MORE,
        happened.SessionLost: (Rule(None, rules.ignore),),
        happened.Detached: (Rule(None, rules.ignore),),
        happened.Returned: (Rule(None, rules.ignore),),
        happened.DeadlinePassed: (Rule(None, rules.ignore),),
        happened.Terminated: (Rule(None, rules.ignore),),
    },
}

TRANSITIONS: dict[tuple[State, type[happened.Event]], tuple[Rule, ...]] = {
    (state, event): rules for state, rows in _ROWS.items() for event, rules in rows.items()
}
"""Every move there is. What is not in it is refused and changes nothing."""

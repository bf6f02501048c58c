"""How a call moves to another session of its user. Pure."""

from service import errors
from service.calls import absence
from service.calls import events as happened
from service.calls.call import Call, Link
from service.calls.effects import (
    Audience,
    CallEnded,
    CallMoved,
    CallPeerMoved,
    CallPeerReconnecting,
    Send,
)
from service.calls.reasons import Reason
from service.calls.rules import Outcome
from service.calls.sides import CALLING, links, sides
from service.calls.timeouts import Timeouts


def move(call: Call, event: happened.Moving, now: int, timeouts: Timeouts) -> Outcome:
    """The session takes the place of its user's bound one, and both sides connect anew.

    Raises:
        AlreadyAnswered: the call has moved since the session looked.
        InvalidState: the session has the call, or one of the two cannot follow.
    """
    _check(call, event)
    (side, peer), (link, other) = sides(call, event.user), links(call, event.user)
    generation = call.generation + 1
    changes = {
        side.session: event.session,
        side.node: event.node,
        side.link: Link(
            resumable=True,
            back_at=None if other.away_at is None else now,
            absences=absence.over(call, link, now, timeouts),
        ),
        "moves": call.moves + 1,
        "connecting_at": None if side is CALLING and call.connecting_at is None else now,
        "generation": generation,
    }
    ended = CallEnded(call.id, event.user, Reason.MOVED, now - (call.accepted_at or now))
    sends = (
        Send(Audience.ACTOR, CallMoved(call.id, event.user, generation)),
        Send(Audience.REPLACED, ended),
        Send(peer.audience, CallPeerMoved(call.id, event.user, generation)),
    )
    if other.away_at is not None:
        away = CallPeerReconnecting(call.id, call.other(event.user))
        return changes, (*sends, Send(Audience.ACTOR, away))
    return changes, sends


def _check(call: Call, event: happened.Moving) -> None:
    if event.moves != call.moves:
        raise errors.AlreadyAnswered("The call has moved to another device meanwhile.")
    if call.binds(event.session):
        raise errors.InvalidState("The call is on this session already.")
    if not event.resumable:
        raise errors.InvalidState("Only a resumable session can take the call.")
    if not links(call, event.user)[1].resumable:
        raise errors.InvalidState("The other side's session is not resumable: it cannot follow.")

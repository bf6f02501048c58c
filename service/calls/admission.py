"""Whether a new call may start, given what both users are doing. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

from service import errors
from service.calls.call import Call, State
from service.session_ref import SessionRef


@dataclass(frozen=True, slots=True)
class Admitted:
    """The call may start; the rings in `answered_busy` end first, as `busy`."""

    answered_busy: tuple[Call, ...] = ()


@dataclass(frozen=True, slots=True)
class Glare:
    """Both call each other: this initiate is an accept of `call`, which was first."""

    call: Call


def admit(
    calling: SessionRef,
    callee: str,
    *,
    mine: tuple[Call, ...],
    theirs: tuple[Call, ...],
    sessions: Iterable[SessionRef],
    call_waiting: bool,
) -> Admitted | Glare:
    """Decide on a session calling `callee`.

    Args:
        calling: the session that the caller calls from.
        callee: whom.
        mine: the caller's live calls.
        theirs: the callee's live calls.
        sessions: those of the callee.
        call_waiting: whether a busy callee rings all the same.

    Raises:
        AlreadyInCall: the caller has a call that is more than a ring.
        UserBusy: the callee rings or talks, and there is no call waiting.
    """
    for call in mine:
        if call.caller == calling.user or not call.unaccepted:
            raise errors.AlreadyInCall
    for call in mine:
        if call.caller == callee:
            return _glare(calling, call, sessions)
    if not call_waiting:
        for call in theirs:  # one that no device has yet keeps only its caller busy
            if call.caller == callee or call.state is not State.INITIATING:
                raise errors.UserBusy
    return Admitted(answered_busy=mine)


def _glare(calling: SessionRef, call: Call, sessions: Iterable[SessionRef]) -> Glare:
    """The callee's `call` is accepted, if the clients of both sessions resolve glare."""
    if calling.glare and call.caller_session in [ref.id for ref in sessions if ref.glare]:
        return Glare(call)
    raise errors.AlreadyInCall("That user is calling this one already; answer the call.")

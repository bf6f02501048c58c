"""Whether a new call may start, given what both users are doing. Pure."""

from collections.abc import Collection
from dataclasses import dataclass

from service import errors
from service.calls.call import Call, State


@dataclass(frozen=True, slots=True)
class Admitted:
    """The call may start; the rings in `answered_busy` end first, as `busy`."""

    answered_busy: tuple[Call, ...] = ()


@dataclass(frozen=True, slots=True)
class Glare:
    """Both call each other: this initiate is an accept of `call`, which was first."""

    call: Call


def admit(
    caller: str,
    callee: str,
    *,
    mine: tuple[Call, ...],
    theirs: tuple[Call, ...],
    resumable: Collection[str],
    session: str,
    call_waiting: bool,
) -> Admitted | Glare:
    """Decide on `caller` (in `session`) calling `callee`.

    Args:
        caller: who calls.
        callee: whom.
        mine: the caller's live calls.
        theirs: the callee's live calls.
        resumable: ids of the sessions, of both users, that speak the whole protocol.
        session: the session that the caller calls from.
        call_waiting: whether a busy callee rings all the same.

    Raises:
        AlreadyInCall: the caller has a call that is more than a ring.
        UserBusy: the callee rings or talks, and there is no call waiting.
    """
    if any(call.caller == caller or not call.unaccepted for call in mine):
        raise errors.AlreadyInCall
    for call in mine:
        if call.caller == callee:
            if session in resumable and call.caller_session in resumable:
                return Glare(call)
            raise errors.AlreadyInCall("That user is calling this one already; answer the call.")
    if not call_waiting and any(_occupies(call, callee) for call in theirs):
        raise errors.UserBusy
    return Admitted(answered_busy=mine)


def _occupies(call: Call, user: str) -> bool:
    """A call that no device has yet keeps only its caller busy."""
    return call.caller == user or call.state is not State.INITIATING

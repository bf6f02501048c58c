"""What can happen to a call, in the past tense. The machine decides what follows.

`user` and `session` are who did it.
"""

from dataclasses import dataclass

from service.calls.call import MediaPath, MediaState
from service.calls.reasons import Reason
from service.session_ref import SessionRef


@dataclass(frozen=True, slots=True)
class Rung:
    """A device of the callee has the call; None where nobody may know whether one has."""

    device: SessionRef | None = None


@dataclass(frozen=True, slots=True)
class Accepted:
    """A device of the callee took the call; `node` is its session's home.

    Over HTTP, the session may be `away`: it has no connection yet. `device` names the device then,
    whose other sessions need not be told.
    """

    user: str
    session: str
    node: str = ""
    resumable: bool = False
    away: bool = False
    device: str | None = None


@dataclass(frozen=True, slots=True)
class Rejected:
    """The callee declined, for all devices; `session` is None over HTTP."""

    user: str
    session: str | None
    reason: Reason = Reason.REJECTED


@dataclass(frozen=True, slots=True)
class Silenced:
    """The callee declined on one device; when no other rings, that is a rejection."""

    user: str
    session: str
    reason: Reason = Reason.REJECTED


@dataclass(frozen=True, slots=True)
class Negotiated:
    """The first SDP answer is about to go to the other side (JSEP, RFC 9429)."""

    user: str
    session: str


@dataclass(frozen=True, slots=True)
class HungUp:
    """A party ended the call, perhaps saying why."""

    user: str
    session: str
    reason: Reason | None = None


@dataclass(frozen=True, slots=True)
class MediaReported:
    """A party told how its media fares; `turn_refused` when that is why it failed."""

    user: str
    session: str
    state: MediaState
    path: MediaPath | None = None
    turn_refused: bool = False


@dataclass(frozen=True, slots=True)
class SessionLost:
    """A session of a party is gone; `others` are those that its user still has.

    With `rings_on` an unaccepted call does not end with the callee's last device.
    """

    user: str
    session: str
    others: frozenset[str] = frozenset()
    rings_on: bool = False


@dataclass(frozen=True, slots=True)
class Detached:
    """The connection of a resumable session is lost; the session stays."""

    user: str
    session: str


@dataclass(frozen=True, slots=True)
class Returned:
    """A resumable session has a new connection, perhaps on another node.

    `resumed` is how: "replayed", or "snapshot", where it got no older events. `fresh` says that its
    page was loaded anew, and has no RTCPeerConnection any more.
    """

    user: str
    session: str
    node: str
    resumed: str
    fresh: bool


@dataclass(frozen=True, slots=True)
class Moving:
    """Another session of a party takes the call; `moves` is how often that was done before."""

    user: str
    session: str
    node: str
    resumable: bool
    moves: int


@dataclass(frozen=True, slots=True)
class DeadlinePassed:
    """The present state has lasted too long."""


@dataclass(frozen=True, slots=True)
class Terminated:
    """The operator ended the call."""

    reason: Reason


Event = (
    Rung
    | Accepted
    | Rejected
    | Silenced
    | Negotiated
    | HungUp
    | MediaReported
    | SessionLost
    | Detached
    | Returned
    | Moving
    | DeadlinePassed
    | Terminated
)

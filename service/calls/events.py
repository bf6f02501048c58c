"""What can happen to a call, in the past tense. The machine decides what follows.

`user` and `session` are who did it. Whether a device was the `last` one is the shell's
knowledge, which sees the sessions that are online.
"""

from dataclasses import dataclass
from enum import StrEnum

from service.calls.call import MediaPath
from service.calls.reasons import Reason


class MediaState(StrEnum):
    """What a client says of its RTCPeerConnection (W3C WebRTC, RTCPeerConnectionState)."""

    CONNECTED = "connected"
    DISCONNECTED = "disconnected"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Rung:
    """Devices of the callee have the call."""

    devices: int = 1


@dataclass(frozen=True, slots=True)
class Accepted:
    """A device of the callee took the call."""

    user: str
    session: str


@dataclass(frozen=True, slots=True)
class Rejected:
    """The callee declined, for all devices; `session` is None over HTTP."""

    user: str
    session: str | None
    reason: Reason = Reason.REJECTED


@dataclass(frozen=True, slots=True)
class Silenced:
    """The callee declined on one device; when it was the `last`, that is a rejection."""

    user: str
    session: str
    reason: Reason = Reason.REJECTED
    last: bool = False


@dataclass(frozen=True, slots=True)
class Answered:
    """The first SDP answer went to the other side."""

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
    """A session of a party is gone; `last` when it was the user's last one."""

    user: str
    session: str
    last: bool


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
    | Answered
    | HungUp
    | MediaReported
    | SessionLost
    | DeadlinePassed
    | Terminated
)

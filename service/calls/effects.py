"""What the machine asks the shell to do: send these messages to these devices.

Deadlines, routes and records need no effect of their own: they follow from the call's value
(docs/decisions/0003-effects-are-sends.md).
"""

from dataclasses import dataclass
from enum import Enum, auto
from typing import NamedTuple

from service.calls.call import MediaState
from service.calls.reasons import Reason


class Audience(Enum):
    """Whom a message is for."""

    CALLER = auto()
    """The session that placed the call."""
    CALLEE = auto()
    """The session that accepted it."""
    ACTOR = auto()
    """The session whose event this is."""
    DEVICES = auto()
    """Every session of the callee that has not silenced the call."""
    OTHER_DEVICES = auto()
    """The same without the actor."""
    REPLACED = auto()
    """The session that had the call until it moved to another one of its user."""


@dataclass(frozen=True, slots=True)
class CallRinging:
    """A device of `by` has the call."""

    call_id: str
    by: str


@dataclass(frozen=True, slots=True)
class CallAccepted:
    """`by` took the call; a plain session is not told the `generation`."""

    call_id: str
    by: str
    generation: int | None = None


@dataclass(frozen=True, slots=True)
class CallRejected:
    """`by` declined."""

    call_id: str
    by: str
    reason: Reason


@dataclass(frozen=True, slots=True)
class CallEnded:
    """The call is over for the receiver; `by` is None when no user ended it."""

    call_id: str
    by: str | None
    reason: Reason
    duration_ms: int


@dataclass(frozen=True, slots=True)
class CallMedia:
    """How media fares at `by`."""

    call_id: str
    by: str
    state: MediaState


@dataclass(frozen=True, slots=True)
class CallPeerReconnecting:
    """`by` has no connection."""

    call_id: str
    by: str


@dataclass(frozen=True, slots=True)
class CallPeerReconnected:
    """`by` has a connection again; `resumed` and `fresh` as in `events.Returned`."""

    call_id: str
    by: str
    resumed: str
    fresh: bool
    generation: int


@dataclass(frozen=True, slots=True)
class CallMoved:
    """The receiver has the call now, in the place of another session of `by`."""

    call_id: str
    by: str
    generation: int


@dataclass(frozen=True, slots=True)
class CallPeerMoved:
    """`by` goes on with the call on another device."""

    call_id: str
    by: str
    generation: int


Message = (
    CallRinging
    | CallAccepted
    | CallRejected
    | CallEnded
    | CallMedia
    | CallPeerReconnecting
    | CallPeerReconnected
    | CallMoved
    | CallPeerMoved
)


class Send(NamedTuple):
    """Give `message` to `to`."""

    to: Audience
    message: Message

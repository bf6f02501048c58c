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


@dataclass(frozen=True, slots=True)
class CallRinging:
    """A device of `by` has the call."""

    call_id: str
    by: str


@dataclass(frozen=True, slots=True)
class CallAccepted:
    """`by` took the call."""

    call_id: str
    by: str


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


Message = CallRinging | CallAccepted | CallRejected | CallEnded | CallMedia


class Send(NamedTuple):
    """Give `message` to `to`."""

    to: Audience
    message: Message

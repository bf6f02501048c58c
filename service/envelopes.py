"""What nodes tell each other of calls and sessions; `ports.Delivery` takes it there."""

from dataclasses import dataclass
from typing import NamedTuple

from service.calls.call import Call
from service.session_ref import SessionRef


@dataclass(frozen=True, slots=True)
class Ring:
    """A session of the callee is to ring; its home confirms that with `Rang`."""

    call: Call


@dataclass(frozen=True, slots=True)
class Rang:
    """A session rings, or would, were the call not over: the caller's home is to record it."""

    call_id: str
    device: SessionRef


@dataclass(frozen=True, slots=True)
class Moved:
    """A call moved in which sessions of a node have a part, and these are to be told of it.

    A call that is older than the one known there is dropped; what is told is not. Each of `told` is
    a session, an event and its payload.
    """

    call: Call
    told: tuple[tuple[str, str, bytes], ...]


@dataclass(frozen=True, slots=True)
class CallsChanged:
    """A session is to be told how the calls of its user are now."""


@dataclass(frozen=True, slots=True)
class Relayed:
    """The other side of a call has sent this, for RTCPeerConnections of this generation."""

    call_id: str
    event: str
    payload: bytes
    generation: int


Held = tuple[str, str, bytes]
"""A call's id, and an event and its payload that wait for the accept of the call."""


class Kept(NamedTuple):
    """What a resumable session takes along to another node.

    `events` are the packets of the last numbers up to `seq`; `statuses` the newest presence of each
    watched user that was not told yet, `watched` all that are watched, and `held` what it sent
    before the accept.
    """

    epoch: str
    seq: int
    events: tuple[bytes, ...]
    last_n: int
    statuses: tuple[tuple[str, bytes], ...]
    watched: tuple[str, ...]
    held: tuple[Held, ...]


@dataclass(frozen=True, slots=True)
class Claimed:
    """A session is at home elsewhere now: its old home is to hand over what it keeps."""

    by: SessionRef


@dataclass(frozen=True, slots=True)
class HandedOver:
    """What the old home of a session kept for it; None where there is nothing whole."""

    kept: Kept | None


@dataclass(frozen=True, slots=True)
class Forwarded:
    """An event that reached the old home of a session after that had handed it over."""

    epoch: str
    event: str
    payload: bytes


class ResumePoint(NamedTuple):
    """Where a session is taken up: behind event `last_seq` of an epoch."""

    session_id: str
    epoch: str
    last_seq: int


@dataclass(frozen=True, slots=True)
class AcceptAsked:
    """A session is to accept a call; `by` is the session as if at home at the node that asks."""

    call_id: str
    by: SessionRef


@dataclass(frozen=True, slots=True)
class AcceptAnswered:
    """What became of `AcceptAsked`: the code of a refusal; or no `point` where no session is."""

    call_id: str
    point: ResumePoint | None
    refusal: str | None


Envelope = (
    Ring
    | Rang
    | Moved
    | CallsChanged
    | Relayed
    | Claimed
    | HandedOver
    | Forwarded
    | AcceptAsked
    | AcceptAnswered
)

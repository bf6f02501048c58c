"""A call as a value: who, what, in which state, and when each thing happened.

All times are epoch milliseconds of the store's clock. A call is never changed; the machine
returns a new one with the next revision.
"""

from enum import StrEnum
from typing import Any, NamedTuple

from service.calls.reasons import Reason
from service.session_ref import SessionRef

MOST_DEVICES = 64
"""Sessions of the callee of which a call takes note; those that join later do not ring."""


class State(StrEnum):
    """Where a call stands (docs/call-states.md)."""

    __hash__ = str.__hash__  # an enum's own is a function in Python, at each look into a table

    INITIATING = "initiating"
    RINGING = "ringing"
    CONNECTING = "connecting"
    CONNECTED = "connected"
    ENDED = "ended"


class CallType(StrEnum):
    """What the caller asked for."""

    AUDIO = "audio"
    VIDEO = "video"


class MediaPath(StrEnum):
    """How media went, as a client reported it."""

    DIRECT = "direct"
    RELAY = "relay"


class MediaState(StrEnum):
    """What a client says of its RTCPeerConnection (W3C WebRTC, RTCPeerConnectionState)."""

    CONNECTED = "connected"
    DISCONNECTED = "disconnected"
    FAILED = "failed"


class MediaStage(StrEnum):
    """Where media failed, as a client reported it."""

    TURN = "turn"
    """The TURN server refused a relay."""
    CONNECTING = "connecting"
    """No path was found."""
    CONNECTED = "connected"
    """It broke after it had worked, and did not come back."""


class Absences(NamedTuple):
    """How often the session of a side lost its connection, and what became of that. Times in ms."""

    losses: int = 0
    total_ms: int = 0
    """Of those that are over."""
    longest_ms: int = 0
    replayed: int = 0
    """How many ended as the session came back, to all that it had missed."""
    snapshots: int = 0
    """How many ended as it came back, to the present state."""
    kept: int = 0
    """How many were longer than the resume window, as the other side's media kept the call."""


class Link(NamedTuple):
    """One side of a call: how its session is reached, and how its media fare."""

    resumable: bool = False
    """Whether the session outlives its connection."""
    away_at: int | None = None
    """Since when it has no connection."""
    media: MediaState | None = None
    """What it has said last; None before its first report."""
    media_at: int | None = None
    """When that was; of what it only repeats, what it said while the other side was away counts."""
    back_at: int | None = None
    """Since when it is back and owes a report, as the other side is away."""
    absences: Absences = Absences()
    """Those of all sessions that were bound to the call on this side."""
    device: str | None = None
    """The device that accepted over HTTP: its other sessions know of that."""


class Call(NamedTuple):
    """One call between two users. Its fields go by their names.

    The calling session is bound from the start, the callee's from its accept: only bound
    sessions may relay. `deadline` is when the present state times out, if it does.
    """

    id: str
    type: CallType
    caller: str
    caller_session: str
    callee: str
    deadline: int | None
    created_at: int
    caller_node: str = ""
    """The home of the calling session."""
    callee_session: str | None = None
    callee_node: str = ""
    state: State = State.INITIATING
    revision: int = 0
    devices: tuple[SessionRef, ...] = ()
    """The callee's sessions that the call is for: those it found, and those that joined later."""
    silenced: frozenset[str] = frozenset()
    """Which of them do not ring any more, or never will: they declined, or left."""
    caller_name: str | None = None
    metadata: bytes | None = None
    ringing_at: int | None = None
    accepted_at: int | None = None
    connected_at: int | None = None
    media_at: int | None = None
    media_path: MediaPath | None = None
    media_failed: MediaStage | None = None
    ended_at: int | None = None
    reason: Reason | None = None
    ended_by: str | None = None
    trace_id: str | None = None
    """The id of the trace of its set-up; None where that was not sampled: nobody has it."""
    span_id: str | None = None
    """The id of the root of that trace."""
    calling: Link = Link()
    """The caller's side."""
    called: Link = Link()
    """The callee's side, from the accept."""
    moves: int = 0
    """How often a session has taken the place of another one of its user."""
    connecting_at: int | None = None
    """Since when the two connect: the accept, or the last move. None while the session that
    accepted has had no connection yet."""
    generation: int = 0
    """Which RTCPeerConnections belong together: a reloaded page and a move begin a new one."""

    @property
    def unaccepted(self) -> bool:
        """Whether nobody has accepted yet."""
        return self.state in (State.INITIATING, State.RINGING)

    @property
    def duration_ms(self) -> int:
        """How long the two were together: accept to end, 0 when never accepted."""
        if self.accepted_at is None or self.ended_at is None:
            return 0
        return self.ended_at - self.accepted_at

    @property
    def resumes(self) -> int:
        """How often a bound session that had lost its connection came back."""
        sides = self.calling.absences, self.called.absences
        return sum(side.replayed + side.snapshots for side in sides)

    def changed(self, changes: dict[str, Any]) -> "Call":
        """The call with other values for these fields; `_replace` takes several times as long."""
        values = [*self]
        for name, value in changes.items():
            values[_PLACES[name]] = value
        return Call._make(values)

    def other(self, user: str) -> str:
        """The user at the other end from `user`."""
        return self.callee if user == self.caller else self.caller

    @property
    def ringing(self) -> tuple[SessionRef, ...]:
        """The devices that the call is for and that have not silenced it."""
        return tuple(ref for ref in self.devices if ref.id not in self.silenced)

    @property
    def crowded(self) -> bool:
        """Whether so many of the callee's sessions came and went that no more may ring."""
        return len(self.silenced.union(ref.id for ref in self.devices)) >= MOST_DEVICES

    @property
    def parties(self) -> tuple[SessionRef, ...]:
        """The sessions that are bound to the call, the caller's first."""
        calling = SessionRef(
            self.caller_session, self.caller, self.caller_node, resumable=self.calling.resumable
        )
        if self.callee_session is None:
            return (calling,)
        called = SessionRef(
            self.callee_session, self.callee, self.callee_node, resumable=self.called.resumable
        )
        return calling, called

    def is_for(self, session: str) -> bool:
        """Whether `session` is one of the devices that the call is for."""
        return session in [ref.id for ref in self.devices]

    def taken_on(self, session: SessionRef) -> bool:
        """Whether a session is of the device that accepted over HTTP."""
        return session.device is not None and session.device == self.called.device

    def binds(self, session: str) -> bool:
        """Whether `session` is one of the two that may relay."""
        return session in (self.caller_session, self.callee_session)


_PLACES = {name: place for place, name in enumerate(Call._fields)}

"""What the use cases need from the world, on one page.

What is behind each is in `stores/`, `auth/` or `turn/`; `Delivery` is in `signalling/`, and
`CallObserver` in `telemetry/`. A method is a coroutine where a network may stand behind it, and
plain where it must not wait.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from service.calls.call import Call
from service.envelopes import Envelope
from service.session_ref import SessionRef

Clock = Callable[[], int]
"""Now, in epoch milliseconds."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a token says is speaking, and until when (`expires_at`, epoch ms).

    `leeway_ms` is how much longer it is believed, since clocks differ.
    """

    user: str
    name: str | None
    expires_at: int
    scopes: frozenset[str] = frozenset()
    leeway_ms: int = 0

    @property
    def good_until(self) -> int:
        """When the identity ends (epoch ms)."""
        return self.expires_at + self.leeway_ms

    @property
    def is_admin(self) -> bool:
        """Whether the scope `admin` opens the operator's routes."""
        return "admin" in self.scopes


class Verifier(Protocol):
    """Tells whose token it is."""

    async def verify(self, token: str, sender: str, /) -> Identity:
        """Believe the token, or raise `Unauthenticated`, `TokenExpired` or `AuthUnavailable`.

        `sender` is the address that it came from.
        """


@dataclass(frozen=True, slots=True)
class IceServers:
    """What goes into `new RTCPeerConnection(...)`, and until when it is good (epoch ms)."""

    servers: tuple["IceServer", ...]
    transport_policy: str
    ttl: int
    expires_at: int


@dataclass(frozen=True, slots=True)
class IceServer:
    """One RTCIceServer (W3C WebRTC, 4.2.3); STUN has no credential."""

    urls: tuple[str, ...]
    username: str | None = None
    credential: str | None = None


class IceSource(Protocol):
    """Has ICE servers for a user. Nobody waits for it."""

    def lasts(self, now: int) -> int:
        """Milliseconds that what it hands out `now` is good for."""

    def servers(self, user: str, now: int, region: str | None = None) -> IceServers:
        """The servers for `user`; raises `InvalidPayload` on an unknown region."""


class Engagements(NamedTuple):
    """What one user is doing: their live calls, as of `version`, and their sessions.

    `sessions` are the oldest first. `last_seen` is when the last one went (epoch ms), where there
    is none and that is remembered.
    """

    version: int
    calls: tuple[Call, ...]
    sessions: tuple[SessionRef, ...]
    last_seen: int | None = None


class UserStore(Protocol):
    """Who is online, on which devices, and in which calls. Each method is one round trip."""

    def __len__(self) -> int:
        """How many users are online, as far as this node knows without asking."""

    async def engagements(self, user: str) -> Engagements:
        """What the user is doing."""

    async def situation(self, caller: str, callee: str) -> tuple[Engagements, Engagements]:
        """What the two are doing, before one calls the other."""

    async def add(self, ref: SessionRef, most: int) -> Engagements | None:
        """Add a session, or give it another home; what the user does with it.

        None, if the user has `most` already.
        """

    async def remove(self, ref: SessionRef, now: int) -> Engagements:
        """Forget a session; the user was last seen `now`. What the user does without it.

        Forgetting twice is once.
        """


class CallStore(Protocol):
    """Where calls are, and where every race is decided. Each method is one round trip."""

    async def open(self, call: Call, caller_version: int, callee_version: int) -> Call | None:
        """Engage both users in a new call; None when either one's engagements moved since.

        What is returned, and stands, has the callee's sessions as its `devices`.
        """

    async def load(self, call_id: str) -> Call | None:
        """The call, also for a while after its end; None when nobody remembers it."""

    async def swap(self, before: Call, after: Call, op: str) -> Call | None:
        """Put `after` in the place of `before`, if `before` is still what stands there.

        Args:
            before: what it was decided on.
            after: the next revision of it.
            op: the id of this move. Under the same id it is made once, however often it is tried.

        Returns:
            `after` itself once this move has been made, now or before; else the call that stands in
            its way; None when nobody remembers such a call.
        """

    async def due(self, now: int) -> tuple[Call, ...]:
        """The calls whose deadline has passed; one that nobody moves comes up again after 5 s.

        Also forgets what ended long ago.
        """


class Outcome(NamedTuple):
    """How a control event was answered: `event` and `fields` are JSON, ready for the wire."""

    ok: bool
    event: str
    fields: bytes


ReplyKey = tuple[str, str, str]
"""A user, an event and its `requestId`."""


class ReplyStore(Protocol):
    """First answers to events that carried a `requestId`, each until its time is over."""

    async def claim(self, key: ReplyKey, now: int) -> Outcome | None:
        """The first answer under `key`; None when the event is the claimant's to answer."""

    async def settle(self, key: ReplyKey, outcome: Outcome | None, until: int) -> None:
        """Keep the claimant's answer until then (epoch ms); None gives the claim back."""

    async def forget_old(self, now: int) -> None:
        """Let go of what repeats do not get any more."""


class SessionStore(Protocol):
    """Where resumable sessions are at home, and by which tokens they are taken up again.

    Of a token only its hash is known here. Two are good: the last that the client confirmed, and
    the newest. Each method is one round trip.
    """

    async def add(self, ref: SessionRef, issued: bytes) -> None:
        """Remember a session, its home and its first token."""

    async def take(
        self, session_id: str, user: str, presented: bytes, issued: bytes, node: str | None
    ) -> SessionRef | None:
        """Have `node` be a session's home from now on; with None its home stays.

        The token that is presented is confirmed by that, and the one issued is the newest.

        Returns:
            The session with the home that it had; None when there is no such session.

        Raises:
            Forbidden: it is another user's, or the token is neither of the two.
        """

    async def issue(self, session_id: str, user: str, issued: bytes) -> SessionRef | None:
        """Have another token be the newest, for a session of this user.

        Returns:
            The session; None when there is no such session.
        """

    async def confirm(self, session_id: str, newest: bytes) -> None:
        """The client has the newest token, if this is still the newest: no other is good now."""

    async def remove(self, session_id: str) -> None:
        """Forget a session. Forgetting twice is once."""


class CallObserver(Protocol):
    """Is told what calls do, at the home of the caller's session. Must not wait, nor raise."""

    def moved(self, before: Call | None, after: Call) -> None:
        """A call came to be (`before` is None), or has gone on to another state, or several."""

    def rehomed(self, call: Call, *, here: bool) -> None:
        """The session of the caller has moved to this node, or away from it."""


class Delivery(Protocol):
    """Takes envelopes to the homes of sessions: each once, and in order between two nodes."""

    def send(self, to: SessionRef, envelope: Envelope) -> None:
        """Have the home of a session receive an envelope. Does not wait, nor fail."""

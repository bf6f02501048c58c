"""What the use cases need from the world, on one page.

Each port has one real thing behind it in `stores/`, `auth/`, `turn/` or `transport/`. A method
is a coroutine where a network may stand behind it, and plain where it must not wait.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from service.calls.call import Call

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
        ...


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
        ...

    def servers(self, user: str, now: int, region: str | None = None) -> IceServers:
        """The servers for `user`; raises `InvalidPayload` on an unknown region."""
        ...


@dataclass(frozen=True, slots=True)
class SessionRef:
    """A joined session as every node may know it: enough to address it, nothing to hold it."""

    id: str
    user: str
    device: str | None = None
    resumable: bool = False


class SessionStore(Protocol):
    """Who is online, on which devices."""

    async def add(self, ref: SessionRef, most: int) -> bool:
        """Add a session, unless the user has `most` already."""
        ...

    async def remove(self, ref: SessionRef, now: int) -> None:
        """Forget a session; the user was last seen `now`. Forgetting twice is once."""
        ...

    async def of(self, user: str) -> tuple[SessionRef, ...]:
        """The user's live sessions, oldest first."""
        ...

    async def last_seen(self, user: str) -> int | None:
        """When the user's last session went (epoch ms), if that is remembered."""
        ...


@dataclass(frozen=True, slots=True)
class Engagements:
    """The live calls of one user, as of `version`."""

    version: int
    calls: tuple[Call, ...]


class CallStore(Protocol):
    """Where calls are, and where every race is decided."""

    async def engagements(self, user: str) -> Engagements:
        """The user's live calls, with the version that `open` checks."""
        ...

    async def open(self, call: Call, caller_version: int, callee_version: int) -> bool:
        """Engage both users in a new call, if neither one's engagements moved since."""
        ...

    async def load(self, call_id: str) -> Call | None:
        """The call, also for a while after its end; None when nobody remembers it."""
        ...

    async def swap(self, before: Call, after: Call) -> bool:
        """Put `after` in the place of `before`, if `before` is still what stands there."""
        ...

    async def due(self, now: int) -> tuple[Call, ...]:
        """The calls whose deadline has passed. Also forgets what ended long ago."""
        ...


@dataclass(frozen=True, slots=True)
class Answer:
    """How a control event was answered: `event` and `fields` are JSON, ready for the wire."""

    ok: bool
    event: str
    fields: bytes


class CallObserver(Protocol):
    """Is told what calls do, after it is stored and sent. Must not wait, nor raise."""

    def moved(self, before: Call | None, after: Call) -> None:
        """A call came to be (`before` is None), or went from one state to the next."""
        ...


class AnswerStore(Protocol):
    """First answers to events that carried a `requestId`, for two minutes."""

    async def recall(self, key: tuple[str, str, str], now: int) -> Answer | None:
        """The first answer under `(user, event, requestId)`, if there was one."""
        ...

    async def remember(self, key: tuple[str, str, str], answer: Answer, now: int) -> None:
        """Keep an answer as the one that repeats get."""
        ...


class Mail(Protocol):
    """Takes events to sessions, in order, wherever they are."""

    def deliver(self, session: str, event: str, payload: bytes) -> bool:
        """Write one event, its JSON payload ready, to a session; False when it is gone."""
        ...

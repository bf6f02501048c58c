"""Who is online and in which calls, in a dictionary."""

from collections import OrderedDict
from dataclasses import dataclass, field

from service.calls.call import Call, State
from service.ports import Engagements
from service.session_ref import SessionRef

REMEMBER_SEEN = 100_000
"""Users whose last visit is remembered; the longest absent are forgotten first."""


@dataclass(slots=True)
class User:
    """A user who is online or in a call. Who is neither leaves no trace."""

    version: int = 0
    calls: dict[str, Call] = field(default_factory=dict)
    sessions: dict[str, SessionRef] = field(default_factory=dict)


class MemoryUsers:
    """`ports.UserStore`, and what the calls keep of their users (`calls.py`)."""

    def __init__(self) -> None:
        self._users: dict[str, User] = {}
        self._last_seen: OrderedDict[str, int] = OrderedDict()
        self._moves = 0  # a version is never used twice, so an idle user needs none
        self._online = 0

    def __len__(self) -> int:
        """How many users are online."""
        return self._online

    async def engagements(self, user: str) -> Engagements:
        return self.of(user)

    async def situation(self, caller: str, callee: str) -> tuple[Engagements, Engagements]:
        return self.of(caller), self.of(callee)

    async def add(self, ref: SessionRef, most: int) -> Engagements | None:
        user = self._users.get(ref.user) or User()
        if len(user.sessions) >= most and ref.id not in user.sessions:
            return None
        self._users[ref.user] = user
        self._online += not user.sessions
        user.sessions[ref.id] = ref
        self._last_seen.pop(ref.user, None)
        return self.of(ref.user)

    async def remove(self, ref: SessionRef, now: int) -> Engagements:
        user = self._users.get(ref.user)
        if user is not None and user.sessions.pop(ref.id, None) is not None and not user.sessions:
            self._online -= 1
            self._last_seen[ref.user] = now
            if len(self._last_seen) > REMEMBER_SEEN:
                self._last_seen.popitem(last=False)
            self._forget_idle(ref.user, user)
        return self.of(ref.user)

    def of(self, user: str) -> Engagements:
        """What the user is doing."""
        found = self._users.get(user)
        if found is None:
            return Engagements(0, (), (), self._last_seen.get(user))
        calls, sessions = tuple(found.calls.values()), tuple(found.sessions.values())
        return Engagements(found.version, calls, sessions, self._last_seen.get(user))

    def engage(self, call: Call, *, moved: bool) -> None:
        """Have both users be in the call as it is now; one that ended is nobody's.

        With `moved` false, that is no news for who decides on another call.
        """
        for name in (call.caller, call.callee):
            user = self._users.get(name)
            if user is None:
                user = self._users[name] = User()
            if moved:
                self._moves += 1
                user.version = self._moves
            if call.state is not State.ENDED:
                user.calls[call.id] = call
            else:
                user.calls.pop(call.id, None)
                self._forget_idle(name, user)

    def _forget_idle(self, name: str, user: User) -> None:
        if not user.calls:
            user.version = 0
            if not user.sessions:
                del self._users[name]

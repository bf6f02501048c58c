"""What a client remembers of a resumable session from one connection to the next.

docs/resuming.md has the rules. Nothing is sent or awaited here: whoever has the connection does.
"""

import secrets
from dataclasses import dataclass
from typing import Any

CONFIRM_EVERY = 32
CONFIRM_WITHIN_S = 5.0
_CONFIRM_AT_ONCE = "call:incoming"
_RELAYS = frozenset({"call:offer", "call:answer", "ice:candidate", "call:signal"})


class Hole(Exception):
    """An event is missing before the one that came: the service broke its word."""


@dataclass(eq=False, slots=True)
class Said:
    """A relay, which has a number from 1 on, or a control event, whose number is 0."""

    event: str
    payload: dict[str, Any]
    n: int


class Resumable:
    """Numbers what is said, counts what comes, and knows what to say again."""

    def __init__(self, user: str) -> None:
        self._user = user
        self._ticket: dict[str, Any] = {}
        self._socket_id = ""
        self._epoch: str | None = None
        self._last_seq = self._confirmed_seq = 0
        self._last_n = 0
        self._waiting: list[Said] = []

    @property
    def joining(self) -> dict[str, Any]:
        """What `user:join` says on the next connection."""
        first = {"userId": self._user, "features": ["resume"], "epoch": self._epoch}
        return {**first, **self._ticket, **({"lastSeq": self._last_seq} if self._ticket else {})}

    def joined(self, greeting: dict[str, Any]) -> list[Said]:
        """Take in which session `user:joined` tells of; what is to be said again, in order."""
        resumed = greeting["resumed"]
        if resumed == "none":
            self._waiting = []
        elif resumed == "snapshot":
            self._waiting = [said for said in self._waiting if not said.n]
        if resumed != "replayed":
            self._last_seq = self._last_n = 0
        self._ticket = {key: greeting[key] for key in ("sessionId", "resumeToken")}
        self._epoch, self._socket_id = greeting["epoch"], greeting["socketId"]
        self._confirmed_seq = self._last_seq
        self.took(greeting["lastN"])
        return list(self._waiting)

    def hear(self, payload: dict[str, Any]) -> bool:
        """Whether an event is new; it is counted, and loses its number.

        Raises:
            Hole: one before it has not come.
        """
        seq = payload.pop("seq", None)
        if seq is None:  # of the connection, not the session
            return True
        if seq <= self._last_seq:
            return False
        if seq != self._last_seq + 1:
            raise Hole(f"{self._user} heard {seq} behind {self._last_seq}")
        self._last_seq = seq
        return True

    def is_to_confirm(self, event: str) -> bool:
        """Whether this event, the last that was heard, is to be confirmed at once."""
        return event == _CONFIRM_AT_ONCE or self._last_seq - self._confirmed_seq >= CONFIRM_EVERY

    def confirm(self) -> dict[str, Any]:
        """What `session:ack` says now."""
        self._confirmed_seq = self._last_seq
        return {"epoch": self._epoch, "seq": self._last_seq, "socketId": self._socket_id}

    def say(self, event: str, payload: dict[str, Any]) -> Said:
        """Number a relay, or name a request; it waits until it has arrived."""
        if event in _RELAYS:
            self._last_n += 1
            said = Said(event, payload | {"epoch": self._epoch, "n": self._last_n}, self._last_n)
        else:
            said = Said(event, payload | {"requestId": secrets.token_hex(8)}, 0)
        self._waiting.append(said)
        return said

    def answered(self, said: Said) -> None:
        """A control event has its answer."""
        if said in self._waiting:
            self._waiting.remove(said)

    def took(self, last_n: int) -> None:
        """The service has taken the relays up to this number (`lastN`)."""
        self._waiting = [said for said in self._waiting if not 0 < said.n <= last_n]

"""What a resumable client has said and not yet had answered or confirmed: one list, in order."""

import secrets
from dataclasses import dataclass
from typing import Any

RELAYS = {"call:offer", "call:answer", "ice:candidate", "call:signal"}


@dataclass(eq=False)
class Said:
    """A control event or a relay, and what became of it."""

    event: str
    payload: dict[str, Any]
    waits: bool = True
    """Whether it is yet to be answered, confirmed or forgotten."""
    answer: Any = None
    """The acknowledgement. None where it was lost: the server confirmed or forgot it."""
    sent_on: object = None
    """The connection on which it was sent last."""

    @property
    def succeeded(self) -> bool:
        """Whether an acknowledgement said so."""
        return self.answer is not None and self.answer["ok"]

    @property
    def n(self) -> int | None:
        """The number of a relay."""
        return self.payload.get("n")

    def number(self, epoch: str | None, n: int) -> None:
        """Make it the relay of this number."""
        self.payload |= {"epoch": epoch, "n": n}

    def finish(self, answer: Any = None) -> None:
        """It waits no more."""
        self.answer, self.waits = answer, False

    def keeps_its_number(self, answer: Any) -> bool:
        """Whether an answer leaves a relay's number free: it, or one before it, was limited."""
        error = answer.get("error", {})
        return self.n is not None and (error.get("code") == "rate_limited" or "lastN" in error)


class Outgoing:
    """The list; what was finished leaves it."""

    def __init__(self) -> None:
        self.n = 0
        """The number of the last relay of this epoch."""
        self.epoch: str | None = None
        self._said: list[Said] = []

    def __len__(self) -> int:
        return len(self._waiting())

    def add(self, event: str, payload: dict[str, Any]) -> Said:
        """Say something: a relay gets the next number, a control event its `requestId`."""
        said = Said(event, dict(payload))
        if event in RELAYS:
            self.n += 1
            said.number(self.epoch, self.n)
        else:
            said.payload.setdefault("requestId", secrets.token_hex(8))
        self._said = [*self._waiting(), said]
        return said

    def confirm(self, last_n: int) -> None:
        """The server has had every relay up to this number."""
        self._forget(lambda said: said.n is not None and said.n <= last_n)

    def begin_epoch(self, epoch: str) -> None:
        """A snapshot: relays are emptied, control events are sent again."""
        self._forget(lambda said: said.n is not None)
        self.epoch, self.n = epoch, 0

    def begin_session(self, epoch: str) -> None:
        """The session is another: nothing is repeated. What was said before the first is sent."""
        if self.epoch is not None:
            self._forget(lambda _: True)
        self.epoch, self.n = epoch, 0
        for said in self._waiting():
            if said.n is not None:
                self.n += 1
                said.number(epoch, self.n)

    def clear(self) -> None:
        """Forget all that waits."""
        self._forget(lambda _: True)

    def unsent(self, link: object) -> list[Said]:
        """What has not been sent on this connection."""
        return [said for said in self._waiting() if said.sent_on is not link]

    def _waiting(self) -> list[Said]:
        return [said for said in self._said if said.waits]

    def _forget(self, which: Any) -> None:
        for said in self._waiting():
            if which(said):
                said.finish()

"""A device of a user: what it said, what it was told, and what it may conclude from that."""

from collections.abc import Iterator
from typing import Any

from tests.support.client import Client
from tests.support.service import TestService, token

DAY = 80_000
"""Seconds that a token lasts: longer than any run moves the clock."""

Said = tuple[str, dict[str, Any]]


class Device:
    """A client that does not wait for answers, and remembers everything."""

    def __init__(self, user: str, client: Client) -> None:
        self.user = user
        self.client = client
        self.asked: list[Said] = []
        self.unasked: list[str] = []
        self.watching: set[str] = set()
        self.gone = False
        self._numbers = 0

    @classmethod
    async def join(cls, service: TestService, user: str, *, glare: bool) -> "Device":
        """A new session of `user`."""
        device = cls(user, await service.connect(token(user, lifetime=DAY)))
        features = ["resume"] if glare else []
        await device.say("user:join", {"userId": user, "features": features})
        return device

    async def say(self, event: str, payload: dict[str, Any], *, ask: bool = True) -> None:
        """Send and do not wait."""
        if ask:
            self.asked.append((event, payload))
            await self.client.ask(event, payload)
        else:
            self.unasked.append(event)
            await self.client.emit(event, payload)

    async def settle(self) -> None:
        """Wait until everything said was answered, unless the device is gone."""
        await self.client.until(lambda: self.client.closed or self.answered == len(self.asked))

    async def drop(self, *, politely: bool) -> None:
        """Go: by the client's own disconnect, or by a cut cable."""
        self.gone = True
        if politely:
            await self.client.send("41")
        else:
            self.client.socket.transport.abort()

    def number(self) -> int:
        """The next number of what this device relays."""
        self._numbers += 1
        return self._numbers

    @property
    def session(self) -> str:
        """Its session's id; empty before it has joined."""
        joined = self.client.payloads("user:joined")
        return joined[0]["sessionId"] if joined else ""

    @property
    def log(self) -> list[tuple[str, Any]]:
        """Everything received, in order."""
        return self.client.log

    @property
    def answered(self) -> int:
        """How many acknowledgements have come."""
        return sum(1 for name, _ in self.log if name == "ack")

    @property
    def calls(self) -> list[str]:
        """The calls it has heard of, the latest first."""
        return list(self._heard())[::-1]

    def knows_as(self, *last: str) -> bool:
        """Whether what it last heard of some call is one of these events."""
        return not set(last).isdisjoint(self._heard().values())

    def _heard(self) -> dict[str, str]:
        """The last that it was told of each call that it heard of."""
        heard = {}
        for name, told in self.log:
            if name not in {"ack", "error"} and "callId" in told:
                heard[told["callId"]] = name
        return heard

    def answers(self) -> Iterator[tuple[int, Said, Any]]:
        """Each acknowledgement: where it stands in the log, what was said, the answer.

        They come in the order in which they were asked for.
        """
        said = iter(self.asked)
        for index, (name, told) in enumerate(self.log):
            if name == "ack":
                yield index, next(said), told

"""What takes envelopes between the nodes of one process: late, cut off for a while, sent again.

Each link keeps what was not confirmed, sends it again after a cut, and drops by its number what
has come already: as `ports.Delivery` promises, each envelope comes once, and in order.
"""

import asyncio
import random

from service.envelopes import Envelope
from service.session_ref import SessionRef
from service.signalling.delivery import Home

_MOST_TURNS = 6
_REPEATED = 5


class Link:
    """The way from one node to another."""

    def __init__(self, chance: random.Random) -> None:
        self.home: Home
        self._chance = chance
        self.sent: list[tuple[str, Envelope]] = []
        self._next = 0
        self._arrived = 0
        self._cut = False
        self._travelling: asyncio.Task[None] | None = None
        self.repeated = 0

    @property
    def idle(self) -> bool:
        """Whether all that was sent has arrived."""
        return self._arrived == len(self.sent)

    def send(self, session: str, envelope: Envelope) -> None:
        """Have it travel behind all that was sent before."""
        self.sent.append((session, envelope))
        self._go_on()

    def is_cut(self) -> bool:
        """Whether nothing gets through."""
        return self._cut

    def cut(self) -> None:
        """Let nothing through."""
        self._cut = True

    def mend(self) -> None:
        """Send again what may not have arrived, and some that has."""
        self._cut = False
        self._next = max(0, self._arrived - self._chance.randrange(_REPEATED))
        self._go_on()

    def _go_on(self) -> None:
        if self._travelling is None or self._travelling.done():
            self._travelling = asyncio.create_task(self._travel())

    async def _travel(self) -> None:
        while not self._cut and self._next < len(self.sent):
            number, self._next = self._next, self._next + 1
            for _ in range(self._chance.randrange(_MOST_TURNS)):
                await asyncio.sleep(0)
            if self.is_cut():  # lost on its way
                return
            if number < self._arrived:
                self.repeated += 1
                continue
            self._arrived = number + 1
            self.home.receive(*self.sent[number])


class Way:
    """The `ports.Delivery` of one node to all others."""

    def __init__(self) -> None:
        self.links: dict[str, Link] = {}

    def send(self, to: SessionRef, envelope: Envelope) -> None:
        """Have the home of a session receive an envelope."""
        self.links[to.node].send(to.id, envelope)


class Network:
    """A link each way between any two of some nodes."""

    def __init__(self, names: tuple[str, ...], seed: int) -> None:
        chance = random.Random(seed)  # noqa: S311 - reproducible
        self.ways = {name: Way() for name in names}
        for name, way in self.ways.items():
            way.links = {other: Link(chance) for other in names if other != name}

    @property
    def links(self) -> list[Link]:
        """Every link."""
        return [link for way in self.ways.values() for link in way.links.values()]

    def join(self, name: str, home: Home) -> None:
        """Have a node receive what is sent to it."""
        for way in self.ways.values():
            if name in way.links:
                way.links[name].home = home

"""Two nodes on one store, with a network between them that a test can cut."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from service.envelopes import Envelope
from service.node import Membership
from service.stores import Stores, open_stores
from tests.stateful.network import Link, Network
from tests.support.service import MovableClock, TestService, running
from tests.support.waiting import until

NAMES = ("one", "two")


class TwoNodes:
    """The nodes `one` and `two`."""

    def __init__(self, network: Network, one: TestService, two: TestService) -> None:
        self.network = network
        self.one = one
        self.two = two

    def way(self, source: str, target: str) -> Link:
        """The link from one node to the other."""
        return self.network.ways[source].links[target]

    async def quiet(self) -> None:
        """Mend every link and wait until nothing is under way, and all clients have heard it."""
        for link in self.network.links:
            link.mend()
        await until(lambda: not self._under_way(), "nothing under way")
        for service in (self.one, self.two):
            for client in service.clients:
                if not client.closed:
                    await client.settle()

    def receive_again(self, source: str, target: str, *kinds: type[Envelope]) -> int:
        """Have a node receive a second time what it received of these kinds; how many that was."""
        link = self.way(source, target)
        again = [one for one in link.sent if isinstance(one[1], kinds)]
        for session, envelope in again:
            link.home.receive(session, envelope)
        return len(again)

    def over(self) -> None:
        """Nothing is left of any call: no route, nothing in a gauge."""
        for service in (self.one, self.two):
            assert len(service.node.signalling.routes) == 0
            assert set(service.node.metrics.calls._live.values()) == {0}

    def _under_way(self) -> int:
        nodes = [self.one.node, self.two.node]
        queues = [one.queue for node in nodes for one in node.connections._connections]
        busy = sum(not queue.idle for queue in queues)
        tasks = sum(len(node.signalling.tasks) for node in nodes)
        return busy + tasks + sum(not link.idle for link in self.network.links)


@asynccontextmanager
async def two_nodes(
    stores: Stores | None = None, seed: int = 0, **settings: Any
) -> AsyncIterator[TwoNodes]:
    """Both, running; the network takes its turns by `seed`."""
    network, clock, stores = Network(NAMES, seed), MovableClock(), stores or open_stores()

    def member(name: str) -> Membership:
        return Membership(name, stores, network.ways[name])

    async with (
        running(member("one"), clock, **settings) as one,
        running(member("two"), clock, **settings) as two,
    ):
        for name, service in (("one", one), ("two", two)):
            network.join(name, service.node.signalling.home)
        yield TwoNodes(network, one, two)

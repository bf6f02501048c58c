"""The same on two nodes that share their stores: whoever is cut may come back on the other one."""

from hypothesis import strategies as st
from hypothesis.stateful import rule

from tests.resuming.machine import Cutting, parties
from tests.signalling.two_nodes import two_nodes
from tests.stateful.network import Network


class CuttingOverTwoNodes(Cutting):
    """What goes between the nodes is late, cut off and repeated."""

    network: Network

    async def serve(self, seed: int) -> None:
        running = two_nodes(None, seed, rate_limit_scale=1_000)
        nodes = await self.serving.enter_async_context(running)
        self.services, self.network = [nodes.one, nodes.two], nodes.network

    def travelling(self) -> int:
        for link in self.network.links:
            link.mend()
        return sum(not link.idle for link in self.network.links)

    @rule(who=parties, home=st.integers(0, 1))
    def go(self, who: int, home: int) -> None:
        """Come back on that node, if it is another one."""
        proxy = self.parties[who].device.proxy
        if proxy.target != self.services[home].port:
            proxy.target = self.services[home].port
            proxy.cut()

    @rule(which=st.integers(0, 1))
    def part(self, which: int) -> None:
        """Let nothing through from one node to the other, until all is to become quiet."""
        self.network.links[which].cut()

    def check_nothing_missed(self) -> None:
        """Who came while the nodes were parted had to begin anew. Relays are not followed here."""

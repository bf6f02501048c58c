"""The same users and devices on two nodes that share their stores, over a bad network."""

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import rule

from service.node import Membership
from service.stores import Stores
from tests.stateful.machine import Calling
from tests.stateful.network import Network
from tests.stateful.witness import Witness
from tests.support.service import MovableClock, running

NAMES = ("one", "two")


class CallingOverTwoNodes(Calling):
    """Devices live on either node; what goes between these is late, cut off and repeated."""

    network: Network

    async def serve(self, stores: Stores, seed: int, **settings: Any) -> None:
        self.network, clock = Network(NAMES, seed), MovableClock()
        for name in NAMES:
            node = running(Membership(name, stores, self.network.ways[name]), clock, **settings)
            service = await self.serving.enter_async_context(node)
            self.network.join(name, service.node.signalling.home)
            self.services.append(service)

    def travelling(self) -> int:
        for link in self.network.links:
            link.mend()
        return sum(not link.idle for link in self.network.links)

    @rule(which=st.integers(0, 1))
    def cut(self, which: int) -> None:
        self.network.links[which].cut()

    @rule(which=st.integers(0, 1))
    def mend(self, which: int) -> None:
        async def mend() -> None:
            self.network.links[which].mend()

        self.run(mend())

    @rule()
    def become_quiet(self) -> None:
        super().become_quiet()
        live = {call.id for call in self.services[0].calls.live()}
        Witness(self.devices).nothing_lost(live)

    def watch(self, *_: Any) -> None:
        """Watches are told on one's own node alone."""


class CallingOverTwoFarNodes(CallingOverTwoNodes):
    """And their stores are late, too."""

    late_stores = True

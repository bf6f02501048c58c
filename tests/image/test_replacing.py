"""What an upgrade and a deletion of the pod cost newcomers, users in no call, and relayed calls."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

import pytest
from aioice.stun import TransactionError
from websockets.exceptions import WebSocketException

from tests.coturn.peers import caller
from tests.image.conftest import ADDRESS
from tests.image.test_pod import DEBIANS_COTURN, NORTH, PORT, conversation, minted, released
from tests.support import kube_proxy
from tests.support.client import Client
from tests.support.debian_image import coturn_image
from tests.support.network import Network, inside
from tests.support.network import network as own_network
from tests.support.podman import Podman
from tests.support.replicas import Replicas
from tests.support.service import token
from tests.support.waiting import until

FIRST, SECOND = "10.78.1.1", "10.78.1.2"
AWAY_S = 10.0
"""For how long newcomers may be away while one replica is all there is."""
_EVERY_S = 0.2
_ANSWER_S = 5.0


@pytest.fixture
def replicas(podman: Podman, image: str, network: Network, tmp_path: Path) -> Iterator[Replicas]:
    """Room for a pod and its successor, behind one address."""
    kube_proxy.needed()
    coturn_image(podman)
    with ExitStack() as stack:
        rooms = {address: stack.enter_context(own_network()) for address in (FIRST, SECOND)}
        for address, room in rooms.items():
            network.join(ADDRESS, room, address)
        yield Replicas(podman, released(image), tmp_path, rooms, DEBIANS_COTURN)


@dataclass
class Seen:
    """What those see who come again and again."""

    away_s: float = 0.0
    """The longest time in which no newcomer could connect."""
    relays: list[str] = field(default_factory=list)
    """The pod of every new relay, or an empty text where there was none."""

    async def newcomers(self) -> None:
        """Have somebody connect, again and again."""
        last = monotonic()
        while True:
            try:
                async with asyncio.timeout(_ANSWER_S):
                    await (await Client.connect(PORT, token("dora"))).close()
                self.away_s, last = max(self.away_s, monotonic() - last), monotonic()
            except (OSError, WebSocketException):
                pass
            await asyncio.sleep(_EVERY_S)

    async def allocations(self) -> None:
        """Have somebody open a relay, again and again."""
        while True:
            try:
                async with asyncio.timeout(_ANSWER_S), caller(minted(NORTH)) as one:
                    self.relays.append(one.allocation.address[0])
            except (OSError, TransactionError):
                self.relays.append("")
            await asyncio.sleep(_EVERY_S)


@asynccontextmanager
async def seen() -> AsyncIterator[Seen]:
    """What is seen during the block."""
    it = Seen()
    tasks = [asyncio.create_task(work) for work in (it.newcomers(), it.allocations())]
    try:
        yield it
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
    for task in tasks:
        assert task.cancelled(), task.exception()


@inside
async def test_an_upgrade_keeps_nobody_out_and_cuts_no_relayed_call(
    network: Network, replicas: Replicas
):
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(replicas.followed())
        old = await replicas.start()
        carol = await Client.join(PORT, token("carol"), "carol")
        found = await stack.enter_async_context(seen())
        async with conversation() as echoed:
            upgrade = asyncio.create_task(replicas.upgrade())
            while not carol.closed:
                assert await echoed("during the upgrade") == "during the upgrade"
            assert carol.socket.close_code == 1001
            assert [one.address for one in replicas.all] == [FIRST, SECOND]
            again = await Client.join(PORT, token("carol"), "carol")
            await talk(echoed)
        await upgrade
        await again.settle()
        await again.close()
        assert old.hooks == {"ringline": True, "coturn": True}
    assert found.away_s < AWAY_S
    assert_left_at_once(found.relays)


@inside
async def test_a_deleted_pod_gets_no_new_relays_and_keeps_its_own(
    network: Network, replicas: Replicas
):
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(replicas.followed())
        old = await replicas.start()
        found = await stack.enter_async_context(seen())
        async with conversation() as echoed:
            replacing = asyncio.create_task(replicas.replace())
            await until(lambda: SECOND in found.relays, "a relay on the next pod")
            await talk(echoed)
            assert old in replicas.all
        await replacing
    assert_left_at_once(found.relays)


async def talk(echoed: Callable[[str], Awaitable[str]]) -> None:
    """Have a call go on for some seconds."""
    for number in range(20):
        assert await echoed(f"still here, {number}") == f"still here, {number}"
        await asyncio.sleep(_EVERY_S)


def assert_left_at_once(relays: list[str]) -> None:
    """New relays were on the one pod, then on the other, and at no time on either or nowhere."""
    moved = relays.index(SECOND)
    assert FIRST in relays[:moved]
    assert set(relays[moved:]) == {SECOND}, relays

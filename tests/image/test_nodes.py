"""coturn on two nodes, with calls over it: one is told to stop; the secret of both is rotated."""

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from tests.coturn.callers import callers
from tests.coturn.peers import refusal
from tests.image.nodes import Deployment, deployment
from tests.image.test_pod import NORTH, PORT, SOUTH, conversation, eventually
from tests.support.kubelet import end
from tests.support.network import Network, inside
from tests.support.podman import Podman
from tests.support.waiting import PATIENCE_S

PROPAGATION_S = 20
APART_S = 4
"""Between the renewals of two pods' files."""
KEEPING_S = 5
"""For how long callers keep a credential."""
PAIRS = (("alice", "bob"), ("carol", "dave"))


@pytest.fixture
def propagation_s() -> int:
    return PROPAGATION_S


@pytest.fixture
def release(
    podman: Podman, image: str, network: Network, tmp_path: Path, propagation_s: int
) -> Iterator[Deployment]:
    values = {
        "turn.drainSeconds": 7_200,
        "turn.userQuota": 60_000,
        "settings.turnSecretPropagation": propagation_s,
        "settings.rateLimitScale": 100,
    }
    with deployment(podman, image, network, tmp_path, values) as found:
        yield found


@inside
async def test_a_call_goes_on_over_a_coturn_that_takes_no_new_relays(
    network: Network, release: Deployment
):
    stopped, other = release.nodes
    async with conversation() as echoed:
        ending = asyncio.create_task(asyncio.to_thread(end, stopped.pod, stopped.spec))
        await eventually(lambda: refusal(stopped.minted()), 403)
        assert await refusal(other.minted()) is None
        assert await echoed("still here") == "still here"
        assert not ending.done()
    assert await asyncio.wait_for(ending, PATIENCE_S) == {"coturn": True}
    assert await asyncio.to_thread(stopped.pod.ended, "coturn") == 0
    assert await refusal(other.minted()) is None


@inside
@pytest.mark.parametrize("propagation_s", [PROPAGATION_S, 0])
async def test_a_rotation_cuts_no_call_and_refuses_only_without_propagation(
    network: Network, release: Deployment, propagation_s: int
):
    urls = [node.url for node in release.nodes]
    async with AsyncExitStack() as stack:
        calls = [
            await stack.enter_async_context(conversation(users=pair, region=node.region))
            for pair, node in zip(PAIRS, release.nodes, strict=True)
        ]
        calling = await stack.enter_async_context(callers(PORT, urls, KEEPING_S))
        await calling.more()
        await renewed(release, SOUTH, NORTH)
        await logged(release, "turn.secret_rotated")
        await calling.renew()
        await renewed(release, SOUTH)
        for node in release.nodes:
            await eventually(lambda: refusal(node.minted(NORTH)), 401)  # noqa: B023 - at once
        await calling.more()
        for echoed in calls:
            assert await echoed("still here") == "still here"
    print(f"\n{propagation_s} s: {calling}")  # noqa: T201
    assert (calling.refused > 0) == (propagation_s == 0)


async def renewed(release: Deployment, *secrets: str) -> None:
    """Renew the files of one pod after another, in the worst order: that which mints is first."""
    release.service.share(*secrets)
    if NORTH in secrets:
        await logged(release, "turn.secret_")
    for node in release.nodes:
        await asyncio.sleep(APART_S)
        node.pod.share(*secrets)


async def logged(release: Deployment, event: str) -> None:
    """Wait for a line in the log of the service."""
    async with asyncio.timeout(PATIENCE_S):
        while event not in await asyncio.to_thread(  # noqa: ASYNC110 - podman tells nobody
            release.service.log, "ringline"
        ):
            await asyncio.sleep(0.2)

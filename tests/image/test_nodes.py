"""coturn on two nodes: one of them is told to stop, while a call goes over it."""

import asyncio
import copy
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from service.ports import IceServer
from service.turn.servers import TurnServers
from tests.coturn.peers import refusal
from tests.image.conftest import ADDRESS
from tests.image.test_pod import (
    DEBIANS_COTURN,
    NORTH,
    VALUES,
    conversation,
    eventually,
    released,
)
from tests.support.debian_image import coturn_image
from tests.support.kubelet import end
from tests.support.network import Network, inside
from tests.support.network import network as own_network
from tests.support.pod import Manifest, Pod, played, pod
from tests.support.podman import Podman
from tests.support.waiting import PATIENCE_S, until

NODES = ("10.78.2.1", "10.78.2.2")
HOURS = {
    "turn.mode": "daemonset",
    "turn.drainSeconds": 7_200,
    "turn.urls[0]": f"turn:{NODES[0]}:3478?transport=udp",
}


@dataclass(frozen=True, slots=True)
class Node:
    """A node's address, and the pod on it with what it was rendered as."""

    address: str
    spec: Manifest
    pod: Pod

    @property
    def credential(self) -> IceServer:
        """What a client is given for it."""
        url = f"turn:{self.address}:3478?transport=udp"
        source = TurnServers(secrets=[NORTH], urls=[url], ttl=60)
        return source.servers("carol", round(time.time() * 1000)).servers[0]


@pytest.fixture
def nodes(podman: Podman, image: str, network: Network, tmp_path: Path) -> Iterator[list[Node]]:
    """Both nodes, and the service beside the test."""
    coturn_image(podman)
    manifests = released(image, {**VALUES, **HOURS})
    apart = [one for one in manifests if one["metadata"].get("namespace") == "default-turn"]
    rest = [one for one in manifests if one not in apart]
    with ExitStack() as stack:
        found = []
        for address in NODES:
            room = stack.enter_context(own_network())
            network.join(ADDRESS, room, address)
            spec = spec_of(apart)
            own = tmp_path / address
            here = played(podman, room, own, apart, copy.deepcopy(spec), address, DEBIANS_COTURN)
            found.append(Node(address, spec, stack.enter_context(here)))
        service = stack.enter_context(pod(podman, network, tmp_path / "service", rest, ADDRESS, {}))
        network.run(until(lambda: "node.ready" in service.log("ringline"), "it", PATIENCE_S))
        for one in found:
            network.run(eventually(lambda: refusal(one.credential), None))  # noqa: B023 - at once
        yield found


def spec_of(manifests: list[Manifest]) -> Manifest:
    """The specification of coturn's pods."""
    (daemonset,) = (one for one in manifests if one["kind"] == "DaemonSet")
    spec: Manifest = daemonset["spec"]["template"]["spec"]
    return spec


@inside
async def test_a_call_goes_on_over_a_coturn_that_takes_no_new_relays(
    network: Network, nodes: list[Node]
):
    stopped, other = nodes
    async with conversation() as echoed:
        ending = asyncio.create_task(asyncio.to_thread(end, stopped.pod, stopped.spec))
        await eventually(lambda: refusal(stopped.credential), 403)
        assert await refusal(other.credential) is None
        assert await echoed("still here") == "still here"
        assert not ending.done()
    assert await asyncio.wait_for(ending, PATIENCE_S) == {"coturn": True}
    assert await asyncio.to_thread(stopped.pod.ended, "coturn") == 0
    assert await refusal(other.credential) is None

"""The chart's daemonset mode under podman: coturn on two nodes, and the service beside the test."""

import copy
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from service.ports import IceServer
from tests.coturn.peers import refusal
from tests.image.conftest import ADDRESS
from tests.image.test_pod import DEBIANS_COTURN, NORTH, VALUES, eventually, minted, released
from tests.support.debian_image import coturn_image
from tests.support.network import Network
from tests.support.network import network as own_network
from tests.support.pod import Manifest, Pod, played, pod
from tests.support.podman import Podman
from tests.support.waiting import PATIENCE_S, until

_NODES = {"west": "10.78.2.1", "east": "10.78.2.2"}
"""Their addresses, by region (`RINGLINE_TURN_REGIONS`)."""


def _url(address: str) -> str:
    return f"turn:{address}:3478?transport=udp"


_OWN = {
    "turn.mode": "daemonset",
    "turn.urls": [_url(address) for address in _NODES.values()],
    "settings.turnRegions": {region: [_url(address)] for region, address in _NODES.items()},
}
_SHARED = {name: value for name, value in VALUES.items() if name != "turn.urls[0]"}


@dataclass(frozen=True, slots=True)
class Node:
    """A node's region and TURN URL, and the pod on it with what it was rendered as."""

    region: str
    url: str
    spec: Manifest
    pod: Pod

    def minted(self, secret: str = NORTH) -> IceServer:
        """A credential for it under a secret."""
        return minted(secret, self.url)


@dataclass(frozen=True, slots=True)
class Deployment:
    """The pods of a release."""

    service: Pod
    nodes: list[Node]


@contextmanager
def deployment(
    podman: Podman, image: str, network: Network, folder: Path, values: Mapping[str, object]
) -> Iterator[Deployment]:
    """A release under some more values, from the moment that all of it is ready."""
    coturn_image(podman)
    manifests = released(image, {**_SHARED, **_OWN, **values})
    apart = [one for one in manifests if one["metadata"].get("namespace") == "default-turn"]
    rest = [one for one in manifests if one not in apart]
    with ExitStack() as stack:
        nodes = []
        for region, address in _NODES.items():
            room = stack.enter_context(own_network())
            network.join(ADDRESS, room, address)
            spec = _spec_of(apart)
            own = folder / address
            here = played(podman, room, own, apart, copy.deepcopy(spec), address, DEBIANS_COTURN)
            nodes.append(Node(region, _url(address), spec, stack.enter_context(here)))
        service = stack.enter_context(pod(podman, network, folder / "service", rest, ADDRESS, {}))
        network.run(until(lambda: "node.ready" in service.log("ringline"), "it", PATIENCE_S))
        for one in nodes:
            network.run(eventually(lambda: refusal(one.minted()), None))  # noqa: B023 - at once
        yield Deployment(service, nodes)


def _spec_of(manifests: list[Manifest]) -> Manifest:
    """The specification of coturn's pods."""
    (daemonset,) = (one for one in manifests if one["kind"] == "DaemonSet")
    spec: Manifest = daemonset["spec"]["template"]["spec"]
    return spec

"""Pods of one release that come and go as Kubernetes has them, each in a network of its own.

The test runs in the network of their node, which leads to them from the Services' address.
"""

import asyncio
import copy
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp

from tests.support.kube_proxy import Endpoint, lead
from tests.support.kubelet import end
from tests.support.network import Network
from tests.support.pod import Manifest, Pod, pod, service_of
from tests.support.podman import Podman
from tests.support.waiting import until

_LOOK_EVERY_S = 0.2


@dataclass(eq=False)
class Replica:
    """One pod, from its start to its end."""

    address: str
    spec: Manifest
    pod: Pod
    serving: bool = False
    terminating: bool = False
    hooks: Mapping[str, bool] = field(default_factory=dict)
    """Once it has ended, whether the hook of each container was a success."""

    @property
    def endpoint(self) -> Endpoint:
        """The pod as an EndpointSlice has it."""
        return Endpoint(self.address, self.serving, self.terminating)

    async def look(self, http: aiohttp.ClientSession) -> None:
        """Find out whether it serves, as the kubelet's readiness probe does."""
        (service,) = self.spec["containers"]
        url = f"http://{self.address}:9090{service['readinessProbe']['httpGet']['path']}"
        with suppress(aiohttp.ClientError, TimeoutError):
            async with http.get(url) as told:
                self.serving = told.status == 200
                return
        self.serving = False


class Replicas:
    """The pods that there are now, the oldest first."""

    def __init__(
        self,
        podman: Podman,
        manifests: Sequence[Manifest],
        folder: Path,
        networks: Mapping[str, Network],
        variables: Mapping[str, str | None],
    ) -> None:
        self.all: list[Replica] = []
        self._led: list[Endpoint] = []
        self._podman = podman
        self._manifests = manifests
        self._folder = folder
        self._networks: Iterator[tuple[str, Network]] = iter(networks.items())
        self._variables = variables
        self._stack = ExitStack()

    async def start(self) -> Replica:
        """Start one, and wait until the node leads to it."""
        started = await asyncio.to_thread(self._start)
        self.all.append(started)
        await until(lambda: started.serving and started.endpoint in self._led, "a ready pod")
        return started

    async def stop(self, replica: Replica) -> None:
        """Delete a pod, and wait for its end."""
        replica.terminating = True
        replica.hooks = await asyncio.to_thread(end, replica.pod, replica.spec)
        self.all.remove(replica)

    async def upgrade(self) -> None:
        """Replace the only pod by the Deployment's strategy."""
        (old,) = self.all
        if _strategy(self._manifests)["type"] == "Recreate":
            await self.stop(old)
            await self.start()
        else:
            await self.start()
            await self.stop(old)

    async def replace(self) -> None:
        """Delete the only pod, for which its ReplicaSet starts another at once."""
        (old,) = self.all
        await asyncio.gather(self.stop(old), self.start())

    def _start(self) -> Replica:
        address, network = next(self._networks)
        folder = self._folder / address
        spec = copy.deepcopy(service_of(self._manifests))
        running = pod(
            self._podman, network, folder, copy.deepcopy(self._manifests), address, self._variables
        )
        return Replica(address, spec, self._stack.enter_context(running))

    @asynccontextmanager
    async def followed(self) -> AsyncIterator[None]:
        """Have the node follow what becomes of them."""
        following = asyncio.create_task(self._follow())
        try:
            yield
        finally:
            following.cancel()
            await asyncio.wait({following})
            await asyncio.to_thread(self._stack.close)
            if not following.cancelled():
                following.result()

    async def _follow(self) -> None:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(3)) as http:
            while True:
                await asyncio.gather(*(one.look(http) for one in self.all))
                endpoints = [one.endpoint for one in self.all]
                if endpoints != self._led:
                    await asyncio.to_thread(lead, endpoints, published=_published(self._manifests))
                    self._led = endpoints
                await asyncio.sleep(_LOOK_EVERY_S)


def _strategy(manifests: Sequence[Manifest]) -> Manifest:
    (found,) = (
        one["spec"]["strategy"]
        for one in manifests
        if one["kind"] == "Deployment" and one["spec"]["template"]["spec"] == service_of(manifests)
    )
    strategy: Manifest = found
    return strategy


def _published(manifests: Sequence[Manifest]) -> bool:
    """Whether the Service of TURN has pods that are not ready, too."""
    (turn,) = (
        one["spec"]
        for one in manifests
        if one["kind"] == "Service" and one["metadata"]["name"].endswith("-turn")
    )
    return bool(turn.get("publishNotReadyAddresses"))

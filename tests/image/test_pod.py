"""The pod that the chart renders: two users who can only relay meet over the coturn in it."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from service.ports import IceServer
from tests.coturn.peers import caller, refusal, refused_peer
from tests.image.conftest import ADDRESS
from tests.support.aiortc_peer import aiortc_peer
from tests.support.client import Client
from tests.support.debian_image import COTURN, coturn_image
from tests.support.network import Network, inside
from tests.support.pod import CHART, Manifest, Pod, pod, rendered, service_of
from tests.support.podman import Podman
from tests.support.ringline_image import REPOSITORY
from tests.support.service import SECRET, token
from tests.support.turn_servers import turn_servers
from tests.support.waiting import PATIENCE_S, until

pytestmark = pytest.mark.skipif(
    not (CHART / "Chart.yaml").is_file(), reason="this tree has no chart to render"
)

PORT = 8001
NORTH, SOUTH = "north-" + "n" * 32, "south-" + "s" * 32
VALUES = {
    "turn.image.repository": COTURN.rpartition(":")[0],
    "turn.image.tag": COTURN.rpartition(":")[2],
    "turn.urls[0]": f"turn:{ADDRESS}:3478?transport=udp",
    "turn.secrets[0]": NORTH,
    "jwt.secret": SECRET,
}
DEBIANS_COTURN = {"TURN_PROMETHEUS_ADDRESS": None, "TURN_PROMETHEUS_PORT": None}
"""Debian builds it without metrics."""


def released(image: str, values: Mapping[str, object] = VALUES) -> list[Manifest]:
    """The manifests of a release, whose coturn is a sidecar unless values say otherwise."""
    tag = image.removeprefix(f"{REPOSITORY}:")
    return rendered({**values, "image.repository": REPOSITORY, "image.tag": tag})


@pytest.fixture
def running(podman: Podman, image: str, network: Network, tmp_path: Path) -> Iterator[Pod]:
    """The pod, from the moment it is ready."""
    coturn_image(podman)
    manifests = released(image)
    with pod(podman, network, tmp_path, manifests, ADDRESS, DEBIANS_COTURN) as played:
        network.run(ready(played))
        yield played


async def ready(played: Pod) -> None:
    """Wait until the service says so, and coturn has its secrets."""
    async with aiohttp.ClientSession() as http, asyncio.timeout(30):
        while True:
            try:
                async with http.get("http://127.0.0.1:9090/readyz") as told:
                    if told.status == 200 and await refusal(minted(NORTH)) is None:
                        return
            except (aiohttp.ClientError, ConnectionError, TimeoutError):
                await asyncio.sleep(0.1)


async def given(
    user: str, signed: Callable[[str], str] = token, region: str | None = None
) -> dict[str, Any]:
    """What the pod's own `/v1/ice` gives a user."""
    bearer = {"Authorization": f"Bearer {signed(user)}"}
    url = f"http://127.0.0.1:{PORT}/v1/ice" + (f"?region={region}" if region else "")
    async with aiohttp.ClientSession(headers=bearer) as http, http.get(url) as told:
        assert told.status == 200, await told.text()
        body: dict[str, Any] = await told.json()
        return body


def credential(body: dict[str, Any]) -> IceServer:
    """The TURN server in an answer of `/v1/ice`."""
    (turn,) = (server for server in body["iceServers"] if "credential" in server)
    return IceServer(tuple(turn["urls"]), turn["username"], turn["credential"])


def minted(secret: str, url: str = VALUES["turn.urls[0]"]) -> IceServer:
    """A credential under a secret, whatever the service thinks of it."""
    source = turn_servers(turn_secret=[secret], turn_urls=[url], turn_ttl=60)
    return source.servers("carol", round(time.time() * 1000)).servers[0]


@asynccontextmanager
async def conversation(
    signed: Callable[[str], str] = token,
    users: tuple[str, str] = ("alice", "bob"),
    region: str | None = None,
) -> AsyncIterator[Callable[[str], Awaitable[str]]]:
    """Two relay-only users in a call; gives what says a word and hears its echo."""
    a, b = users
    alice, bob = [await Client.join(PORT, signed(who), who) for who in users]
    call_id = (await alice.done("call:initiate", {"to": b, "callType": "audio"}))["callId"]
    await bob.next("call:incoming")
    async with (
        aiortc_peer(alice, await given(a, signed, region), b, trickle=False) as caller_,
        aiortc_peer(bob, await given(b, signed, region), a, trickle=False) as callee,
    ):
        channel = caller_.pc.createDataChannel("echo")
        opened, heard = asyncio.Event(), asyncio.Queue[str]()
        channel.on("open", opened.set)
        channel.on("message", heard.put_nowait)
        callee.pc.on("datachannel", lambda echo: echo.on("message", echo.send))
        await bob.done("call:accept", {"callId": call_id, "from": a})
        await asyncio.gather(caller_.offer(), callee.answer())
        await asyncio.wait_for(opened.wait(), PATIENCE_S)

        async def echoed(word: str) -> str:
            channel.send(word)
            return await asyncio.wait_for(heard.get(), PATIENCE_S)

        yield echoed
        for side in (caller_, callee):
            assert side.paths() == {("relay", "relay")}
        assert (await alice.done("call:end", {"callId": call_id}))["reason"] == "completed"
    for client in (alice, bob):
        await client.close()


@inside
async def test_two_users_who_can_only_relay_talk_over_it(network: Network, running: Pod):
    async with conversation() as echoed:
        assert await echoed("anybody there?") == "anybody there?"


@inside
async def test_the_deny_list_of_production_holds(network: Network, running: Pod):
    configuration = running.executed("coturn", "cat", "/var/lib/turn/turnserver.conf")
    assert "denied-peer-ip=10.0.0.0-10.255.255.255" in configuration
    assert "allow-loopback-peers" not in configuration
    async with caller(credential(await given("alice"))) as alice:
        for peer in ("127.0.0.1", "10.78.0.2", "169.254.169.254", "192.168.1.1", "100.64.0.1"):
            assert await refused_peer(alice, peer) == 403
        assert await refused_peer(alice, "9.9.9.9") is None


@inside
async def test_a_rotation_in_the_mounted_file_cuts_no_call(network: Network, running: Pod):
    old = credential(await given("dora"))
    async with conversation() as echoed:
        running.share(SOUTH, NORTH)
        await eventually(lambda: refusal(minted(SOUTH)), None)
        assert await refusal(old) is None
        assert await echoed("both are good") == "both are good"

        running.share(SOUTH)
        await eventually(lambda: refusal(minted(NORTH)), 401)
        assert await refusal(old) == 401
        assert await echoed("still here") == "still here"
        await eventually(served_by_the_new_secret, None)


@inside
async def test_both_run_as_hardened_as_they_are_rendered(network: Network, running: Pod):
    for container, user, capabilities in (("ringline", "10001", 0), ("coturn", "65534", 1 << 10)):
        assert running.executed(container, "id", "-u") == user
        status = running.executed(container, "cat", "/proc/1/status")
        bounding = next(line for line in status.splitlines() if line.startswith("CapBnd"))
        assert int(bounding.split()[1], 16) == capabilities
        assert "NoNewPrivs:\t1" in status
        with pytest.raises(AssertionError, match="Read-only file system"):
            running.executed(container, "touch", "/etc/written")


def test_coturn_needs_the_capability_that_the_chart_adds(
    podman: Podman, image: str, network: Network, tmp_path: Path
):
    """The kernel does not run a file whose capability is out of reach."""
    coturn_image(podman)
    manifests = released(image)
    (sidecar,) = service_of(manifests)["initContainers"]
    assert sidecar["securityContext"]["capabilities"].pop("add") == ["NET_BIND_SERVICE"]
    with pod(podman, network, tmp_path, manifests, ADDRESS, DEBIANS_COTURN) as played:
        network.run(until(lambda: "turnadmin failed there" in played.log("coturn"), "its end"))


async def served_by_the_new_secret() -> int | None:
    """The code with which a credential of the pod's own is refused."""
    return await refusal(credential(await given("erin")))


async def eventually(look: Callable[[], Awaitable[int | None]], wanted: int | None) -> None:
    """Wait until coturn answers so."""
    async with asyncio.timeout(30):
        while await look() != wanted:  # noqa: ASYNC110 - nothing tells when it does
            await asyncio.sleep(0.2)

"""A secret is rotated while two coturns have their files renewed apart, as a kubelet does it.

Callers ask the service for credentials all the time, and open relays with new ones and with those
that they have kept.
"""

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractContextManager, ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import pytest

from service.ports import IceServer
from tests.coturn.conftest import NORTH, SOUTH
from tests.coturn.peers import refusal
from tests.support.coturn_entrypoint import ADDRESS, Deployed, deployed, share
from tests.support.network import Network, inside
from tests.support.process import ServiceProcess, process
from tests.support.service import token
from tests.support.waiting import PATIENCE_S, until

pytestmark = pytest.mark.e2e

TTL_S = 60
_PAUSE_S = 0.2


@pytest.fixture
def pods(network: Network, tmp_path: Path) -> Iterator[list[Deployed]]:
    with ExitStack() as stack:
        yield [
            stack.enter_context(_pod(network, tmp_path / at, at)) for at in (ADDRESS, "127.0.0.2")
        ]


def _pod(network: Network, folder: Path, address: str) -> AbstractContextManager[Deployed]:
    folder.mkdir()
    own = {"LISTENING_IP": address, "RELAY_IP": address, "USER_QUOTA": "60000"}
    return deployed(network, folder, NORTH, **own)


@dataclass
class Callers:
    """Who opens relays at each coturn, with credentials of up to `keeping_s`; what they heard."""

    service: ServiceProcess
    pods: list[Deployed]
    keeping_s: float
    answers: Counter[int | None] = field(default_factory=Counter)
    over: asyncio.Event = field(default_factory=asyncio.Event)
    _kept: deque[tuple[float, str, str]] = field(default_factory=deque)

    async def call(self) -> None:
        """Open relays until it is over."""
        headers = {"Authorization": f"Bearer {token('alice')}"}
        async with aiohttp.ClientSession(headers=headers) as http:
            while not self.over.is_set():
                async with http.get(f"http://127.0.0.1:{self.service.port}/turn") as answer:
                    given = await answer.json()
                now = asyncio.get_running_loop().time()
                self._kept.append((now, given["username"], given["password"]))
                while self._kept[0][0] < now - self.keeping_s:
                    self._kept.popleft()
                for _, user, password in (self._kept[0], self._kept[-1]):
                    for pod in self.pods:
                        code = await refusal(IceServer((pod.url,), user, password))
                        self.answers[code] += 1
                await asyncio.sleep(_PAUSE_S)

    async def more(self) -> None:
        """Wait until some more relays have opened."""
        goal = self.answers[None] + 20
        await until(lambda: self.answers[None] >= goal, "relays")


@asynccontextmanager
async def callers(
    folder: Path, pods: list[Deployed], propagation_s: int, keeping_s: float
) -> AsyncIterator[Callers]:
    """Callers of a service whose secrets are in the folder."""
    settings = {
        "secrets_dir": str(folder), "turn_urls": ",".join(pod.url for pod in pods),
        "turn_secret_propagation": str(propagation_s), "turn_ttl": str(TTL_S),
        "turn_probe": "false", "rate_limit_scale": "100",
    }  # fmt: skip
    async with process(**settings) as service:
        found = Callers(service, pods, keeping_s)
        async with asyncio.TaskGroup() as calling:
            calling.create_task(found.call())
            try:
                yield found
            finally:
                found.over.set()


@inside
@pytest.mark.parametrize(
    ("propagation_s", "apart_s", "keeping_s"),
    [
        pytest.param(6, 4, 5, id="seconds"),
        pytest.param(120, 90, TTL_S - 5, id="minutes", marks=[
            pytest.mark.long, pytest.mark.timeout(600)]),
    ],
)  # fmt: skip
async def test_nobody_is_refused_from_the_new_secret_until_the_old_one_has_gone(
    network, tmp_path, pods, propagation_s, apart_s, keeping_s
):
    share(tmp_path, NORTH)
    async with callers(tmp_path, pods, propagation_s, keeping_s) as calling:
        await calling.more()

        async def renewed(*secrets: str) -> None:
            share(tmp_path, *secrets)
            for pod in pods:
                pod.share(*secrets)
                await asyncio.sleep(apart_s)

        await renewed(SOUTH, NORTH)
        await until(
            lambda: any(one["event"] == "turn.secret_rotated" for one in calling.service.lines),
            "the new secret to mint",
            propagation_s + PATIENCE_S,
        )
        await asyncio.sleep(keeping_s + 1)  # the last credential of the old one
        await renewed(SOUTH)
        await until(lambda: all(pod.log.count("secrets changed") == 2 for pod in pods))
        await calling.more()
        old = pods[1].credential(NORTH)
    print(f"\n{calling.answers[401]} refused of {calling.answers.total()}")  # noqa: T201
    assert calling.answers[401] == 0
    assert await refusal(old) == 401


@inside
async def test_nor_by_a_service_that_starts_meanwhile(network, tmp_path, pods):
    share(tmp_path, SOUTH, NORTH)
    async with callers(tmp_path, pods, 6, 5) as calling:
        await calling.service.logged("turn.secret_waits")
        for pod in pods:
            await asyncio.sleep(2)
            pod.share(SOUTH, NORTH)
        await calling.service.logged("turn.secret_rotated")
        await calling.more()
    assert calling.answers[401] == 0


@inside
async def test_without_that_time_a_coturn_that_lags_refuses(network, tmp_path, pods):
    share(tmp_path, NORTH)
    async with callers(tmp_path, pods, 0, 5) as calling:
        share(tmp_path, SOUTH, NORTH)
        pods[0].share(SOUTH, NORTH)
        await until(lambda: calling.answers[401], "a refusal")
        pods[1].share(SOUTH, NORTH)
        await until(lambda: "the secrets changed." in pods[1].log)
        await calling.more()

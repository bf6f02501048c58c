"""A secret is rotated while two coturns have their files renewed apart, as a kubelet does it."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractContextManager, ExitStack, asynccontextmanager
from pathlib import Path

import pytest

from tests.coturn.callers import Callers, callers
from tests.coturn.conftest import NORTH, SOUTH
from tests.coturn.peers import refusal
from tests.support.coturn_entrypoint import ADDRESS, Deployed, deployed, share
from tests.support.network import Network, inside
from tests.support.process import ServiceProcess, process
from tests.support.waiting import PATIENCE_S, until

pytestmark = pytest.mark.e2e

TTL_S = 60


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


@asynccontextmanager
async def served(
    folder: Path, pods: list[Deployed], propagation_s: int, keeping_s: float
) -> AsyncIterator[tuple[ServiceProcess, Callers]]:
    """A service whose secrets are in the folder, and its callers."""
    urls = [pod.url for pod in pods]
    settings = {
        "secrets_dir": str(folder), "turn_urls": ",".join(urls),
        "turn_secret_propagation": str(propagation_s), "turn_ttl": str(TTL_S),
        "turn_probe": "false", "rate_limit_scale": "100",
    }  # fmt: skip
    async with process(**settings) as service, callers(service.port, urls, keeping_s) as calling:
        yield service, calling


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
    async with served(tmp_path, pods, propagation_s, keeping_s) as (service, calling):
        await calling.more()

        async def renewed(*secrets: str) -> None:
            share(tmp_path, *secrets)
            for pod in pods:
                pod.share(*secrets)
                await asyncio.sleep(apart_s)

        await renewed(SOUTH, NORTH)
        await until(
            lambda: any(one["event"] == "turn.secret_rotated" for one in service.lines),
            "the new secret to mint",
            propagation_s + PATIENCE_S,
        )
        await calling.renew()
        await renewed(SOUTH)
        await until(lambda: all(pod.log.count("secrets changed") == 2 for pod in pods))
        await calling.more()
        old = pods[1].credential(NORTH)
    print(f"\n{calling}")  # noqa: T201
    assert calling.refused == 0
    assert await refusal(old) == 401


@inside
async def test_nor_by_a_service_that_starts_meanwhile(network, tmp_path, pods):
    share(tmp_path, SOUTH, NORTH)
    async with served(tmp_path, pods, 6, 5) as (service, calling):
        await service.logged("turn.secret_waits")
        for pod in pods:
            await asyncio.sleep(2)
            pod.share(SOUTH, NORTH)
        await service.logged("turn.secret_rotated")
        await calling.more()
    assert calling.refused == 0


@inside
async def test_without_that_time_a_coturn_that_lags_refuses(network, tmp_path, pods):
    share(tmp_path, NORTH)
    async with served(tmp_path, pods, 0, 5) as (_, calling):
        share(tmp_path, SOUTH, NORTH)
        pods[0].share(SOUTH, NORTH)
        await until(lambda: calling.refused, "a refusal")
        pods[1].share(SOUTH, NORTH)
        await until(lambda: "the secrets changed." in pods[1].log)
        await calling.more()

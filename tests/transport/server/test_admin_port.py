"""The admin port has a thread of its own: it answers while the node is busy."""

import asyncio
import itertools
import json
import socket
import statistics
import time
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from pydantic import SecretStr

from service.app import serving
from service.settings import Settings
from service.telemetry.main_loop import MainLoop
from service.transport.server.admin import STUCK_S, admin
from service.transport.server.admin_port import admin_port
from service.transport.server.listeners import listening
from service.transport.server.server import PortFailed
from tests.security.surroundings import CANDIDATE
from tests.support.client import Client
from tests.support.process import process
from tests.support.service import SECRET, TestService, token
from tests.support.waiting import PATIENCE_S, until

PROMPT_S = 0.1 + 0.9
"""What liveness may take, with slack for a machine that has much else to do."""

Answer = tuple[int, dict[str, Any], float]
"""A status, a body, and the seconds that it took."""


def ask(port: int, path: str) -> Answer:
    """Ask the admin port, in whatever thread."""
    began = time.monotonic()
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/{path}", timeout=PATIENCE_S) as got:
            status, body = got.status, got.read()
    except urllib.error.HTTPError as refused:
        status, body = refused.code, refused.read()
    return status, json.loads(body), time.monotonic() - began


async def while_it_stands_still(seconds: float, work: Callable[[], Any]) -> Any:
    """Hold this loop up, computing all the time, while `work` is done in a thread."""
    working = asyncio.create_task(asyncio.to_thread(work))
    await asyncio.sleep(0)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        pass
    return await working


async def test_liveness_answers_while_the_loop_is_held_up_and_says_how_late_it_is(
    service: TestService,
):
    def asked_for(seconds: float) -> list[Answer]:
        end = time.monotonic() + seconds
        answers = []
        while time.monotonic() < end:
            answers.append(ask(service.admin_port, "healthz"))
        return answers

    answers = await while_it_stands_still(2, lambda: asked_for(1.5))
    assert {status for status, _, _ in answers} == {200}
    assert {said["status"] for _, said, _ in answers} == {"alive"}
    assert max(took for _, _, took in answers) < PROMPT_S
    late = [said["loopLateMs"] for _, said, _ in answers]
    assert late == sorted(late)
    assert 500 < late[-1] < 2_500
    await until(lambda: service.node.loop.late_s() == 0, "the loop to have caught up")
    assert ask_once(await asyncio.to_thread(ask, service.admin_port, "healthz")) == (200, "alive")


def ask_once(answer: Answer) -> tuple[int, str]:
    status, said, _ = answer
    return status, said["status"]


@asynccontextmanager
async def admin_of(registry: CollectorRegistry, **options: Any) -> AsyncIterator[int]:
    """The admin port of this very loop, on a free port."""
    loop = MainLoop(lambda _late: None)

    async def count() -> None:
        """There is nothing to count."""

    app = admin(
        registry,
        status=lambda: "ready",
        trouble=lambda: None,
        loop=loop,
        count=count,
        **options,
    )
    ticking = asyncio.create_task(loop.run())
    with listening(("127.0.0.1",), 0, "ADMIN_PORT") as sockets:
        async with admin_port(app, sockets):
            yield sockets[0].getsockname()[1]
    ticking.cancel()


async def test_a_loop_that_stands_still_is_first_not_ready_and_then_not_alive():
    async with admin_of(CollectorRegistry(), late_s=0.5, stuck_s=1.5) as port:

        def until_dead() -> list[tuple[int, str]]:
            seen: list[tuple[int, str]] = []
            while not seen or seen[-1] != (503, "stuck"):
                for path in ("readyz", "healthz"):
                    answer = ask_once(ask(port, path))
                    if answer not in seen:
                        seen.append(answer)
            return seen

        seen = await while_it_stands_still(3, until_dead)
        assert seen == [(200, "ready"), (200, "alive"), (503, "late"), (503, "stuck")]
        await asyncio.sleep(0.3)  # a tick
        for path, status in (("healthz", "alive"), ("readyz", "ready")):
            assert ask_once(await asyncio.to_thread(ask, port, path)) == (200, status)
    assert STUCK_S == 30


async def test_scrapes_do_not_hold_up_relays():
    async with process(rate_limit_scale="1000") as service:
        alice, bob = [
            await Client.join(service.port, token(user), user) for user in ("alice", "bob")
        ]
        call = await alice.done("call:initiate", {"to": "bob", "callType": "audio"})
        await bob.next("call:incoming")
        await bob.done("call:accept", {"callId": call["callId"]})
        await alice.next("call:accepted")
        statuses: list[int] = []
        url = f"http://127.0.0.1:{service.admin_port}/metrics"
        scraping = [asyncio.create_task(scrape(url, statuses)) for _ in range(4)]
        took = []
        for _ in range(300):
            began = time.monotonic()
            await alice.emit("ice:candidate", {"candidate": CANDIDATE, "callId": call["callId"]})
            await bob.next("ice:candidate")
            took.append(time.monotonic() - began)
        for one in scraping:
            one.cancel()
        assert len(statuses) > len(scraping)
        assert set(statuses) == {200}
        assert statistics.median(took) < 0.05  # 5 ms are promised; this machine has more to do
        for client in (alice, bob):
            await client.close()


async def scrape(url: str, statuses: list[int]) -> None:
    """Scrape, and scrape again."""
    async with aiohttp.ClientSession() as http:
        while True:
            async with http.get(url) as answer:
                statuses.append(answer.status)
                assert (await answer.text()).startswith("# HELP")


class _Slow(Collector):
    """Takes a fifth of a second to collect."""

    def __init__(self) -> None:
        self.collected = itertools.count()
        self.times = 0

    def collect(self) -> Iterator[Metric]:
        self.times = next(self.collected)
        time.sleep(0.2)
        yield CounterMetricFamily("slow", "Slow.", value=1)


async def test_who_scrapes_at_the_same_time_shares_one_text(http: aiohttp.ClientSession):
    slow, registry = _Slow(), CollectorRegistry()
    registry.register(slow)
    before = slow.times
    async with admin_of(registry) as port:

        async def scraped() -> str:
            async with http.get(f"http://127.0.0.1:{port}/metrics") as answer:
                return await answer.text()

        texts = await asyncio.gather(*(scraped() for _ in range(30)))
    assert all("slow_total 1.0" in text for text in texts)
    assert slow.times - before <= 10


@pytest.mark.parametrize(
    "wish", ["application/openmetrics-text; version=x", "text/plain;version=1.x"]
)
async def test_a_wish_that_makes_no_sense_gets_the_oldest_format(
    service: TestService, http: aiohttp.ClientSession, wish: str
):
    url = f"http://127.0.0.1:{service.admin_port}/metrics"
    async with http.get(url, headers={"Accept": wish}) as answer:
        assert (answer.status, answer.content_type) == (200, "text/plain")


async def test_totals_are_of_the_moment_of_the_scrape_and_old_while_the_loop_is_held_up(
    service: TestService, http: aiohttp.ClientSession
):
    url = f"http://127.0.0.1:{service.admin_port}/metrics"

    async def websockets() -> float:
        async with http.get(url) as answer:
            return connections(await answer.text())

    before = await websockets()
    await service.open()
    assert await websockets() == before + 1
    opened = [await service.open() for _ in range(2)]

    def scraped() -> tuple[float, float]:
        began = time.monotonic()
        with urllib.request.urlopen(url, timeout=PATIENCE_S) as got:
            return connections(got.read().decode()), time.monotonic() - began

    shown, took = await while_it_stands_still(2, scraped)
    assert (shown, took < 2) == (before + 1, True)
    assert await websockets() == before + 1 + len(opened)


def connections(text: str) -> float:
    """How many WebSockets there are, as metrics tell."""
    name = 'ringline_connections{transport="websocket"} '
    (line,) = [line for line in text.splitlines() if line.startswith(name)]
    return float(line.removeprefix(name))


async def fatal(_scope: object, _receive: object, _send: object) -> None:
    """An application that ends whatever runs beside it."""
    for task in asyncio.all_tasks():
        task.cancel()


async def test_a_thread_that_ends_by_itself_is_noticed(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("service.node.admin", lambda *_of, **_what: fatal)
    settings = Settings(host=("127.0.0.1",), port=0, admin_port=0, jwt_secret=(SecretStr(SECRET),))
    async with serving(settings) as node:
        over = asyncio.create_task(node.over(asyncio.Event()))
        _, writer = await asyncio.open_connection("127.0.0.1", node.admin_port)
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        with pytest.raises(PortFailed):
            await asyncio.wait_for(over, PATIENCE_S)
        writer.close()


async def test_a_thread_that_cannot_begin_is_told():
    with socket.socket() as unfit:
        unfit.close()
        with pytest.raises(PortFailed):
            async with admin_port(fatal, [unfit]):
                pass

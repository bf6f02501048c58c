"""Open files, of which every connection is one: strangers never get those that probes need."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import aiohttp
import psutil
import pytest
from prometheus_client.parser import text_string_to_metric_families

from service.transport.server.open_files import RESERVE
from tests.support.client import Client
from tests.support.polling import Polling
from tests.support.process import ServiceProcess, process, started
from tests.support.raw import GET, Raw, raw
from tests.support.service import SECRET, token
from tests.support.waiting import PATIENCE_S

FILES = 1_024
ROOM = FILES - RESERVE
STRANGERS = ROOM + 400
SPARE = 100
"""More open files than a service has that nobody uses."""
ANSWERS_WITHIN_S = 0.25 + 1.75
"""What a probe may take, with slack for a machine that has much else to do."""


@pytest.mark.parametrize(
    ("nofile", "most", "named"),
    [
        ("1024:1024", "1000", f"RINGLINE_MAX_CONNECTIONS=1000 needs {RESERVE + 2_000} open files"),
        ("512:2048", "1000", f"and the process may have 2048; run `ulimit -n {RESERVE + 2_000}`"),
        ("256:256", "0", "LimitNOFILE=512"),
    ],
)
async def test_a_start_that_cannot_hold_its_clients_says_so(
    tmp_path: Path, nofile: str, most: str, named: str
):
    refused = await started(tmp_path, jwt_secret=SECRET, max_connections=most, nofile=nofile)
    _, said = await refused.communicate()
    assert refused.returncode == 2
    (line,) = said.decode().splitlines()
    assert line.startswith("ringline: ")
    assert named in line


async def test_the_limit_is_raised_as_far_as_it_goes():
    async with process(nofile="300:2048", max_connections="800") as service:
        limit = psutil.Process(service.process.pid).rlimit(psutil.RLIMIT_NOFILE)
        assert limit == (2_048, 2_048)


@asynccontextmanager
async def crowd(port: int, say: bytes) -> AsyncIterator[list[Raw]]:
    """Many strangers, each of whom says something and stays, as long as it is let."""
    async with AsyncExitStack() as opened:
        strangers = []
        for _ in range(STRANGERS):
            with contextlib.suppress(OSError):
                strangers.append(await opened.enter_async_context(raw(port)))
                strangers[-1].writer.write(say)
        yield strangers


async def probed(service: ServiceProcess) -> dict[str, float]:
    """That the admin port answers promptly; what it counts."""
    async with aiohttp.ClientSession() as http:
        for path in ("healthz", "readyz", "metrics"):
            began = time.monotonic()
            url = f"http://127.0.0.1:{service.admin_port}/{path}"
            async with http.get(url) as answer:
                assert answer.status == 200
                text = await answer.text()
            assert time.monotonic() - began < ANSWERS_WITHIN_S
    return {
        sample.name + sample.labels.get("reason", ""): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


async def test_more_strangers_than_files():
    async with process(nofile=f"{FILES}:{FILES}") as service:
        alice = await Client.join(service.port, token("alice"), "alice")
        async with crowd(service.port, b"GET /open") as strangers:
            assert len(strangers) > ROOM
            refused = 0.0
            async with asyncio.timeout(PATIENCE_S):
                while refused < STRANGERS - ROOM:
                    told = await probed(service)
                    assert told["process_open_fds"] < FILES - 64
                    refused = told["ringline_connects_totaloverloaded"]
            assert told["process_max_fds"] == FILES
            await alice.settle()  # who is in stays in
            assert (await probed(service))["ringline_sessions"] == 1
        await newcomer(service)
        await alice.close()


@pytest.mark.parametrize("say", [b"", GET], ids=["silent", "answered"])
async def test_strangers_of_whom_no_request_is_under_way_give_way(say: bytes):
    async with process(nofile=f"{FILES}:{FILES}") as service, crowd(service.port, say):
        told = await probed(service)
        assert told["process_open_fds"] < FILES - 64
        await newcomer(service)


async def test_a_crowd_that_polls_one_connection():
    async with process(nofile=f"{FILES}:{FILES}") as service, aiohttp.ClientSession() as http:
        victim = await Polling.handshake(http, service.port)
        path = f"/socket.io/?EIO=4&transport=polling&sid={victim.sid}"
        poll = f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode()
        async with crowd(service.port, poll) as strangers:
            told = await probed(service)
            assert told["process_open_fds"] < FILES - 64
            answers = await asyncio.gather(
                *(one.answer() for one in strangers), return_exceptions=True
            )
            assert TimeoutError not in map(type, answers)
            statuses = {one[0] for one in answers if isinstance(one, tuple)}
            assert statuses <= {200, 400, 503}
            assert 400 in statuses  # one may poll at a time
            async with asyncio.timeout(PATIENCE_S):
                while (await probed(service))["process_open_fds"] > SPARE:
                    pass  # who is refused does not stay
            await newcomer(service)


async def newcomer(service: ServiceProcess) -> None:
    """Somebody else gets in."""
    joined: list[Client] = []
    async with asyncio.timeout(30):
        while not joined:
            with contextlib.suppress(Exception):
                joined.append(await Client.join(service.port, token("bob"), "bob"))
    await joined[0].close()

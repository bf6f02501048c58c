"""Stopping, as an orchestrator sees it: a real process, its ports, and its exit status."""

import asyncio
import contextlib
import signal
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from websockets.exceptions import InvalidStatus

from tests.support.client import Client
from tests.support.polling import Polling
from tests.support.process import ServiceProcess, process, started
from tests.support.service import SECRET, token
from tests.support.waiting import PATIENCE_S


@asynccontextmanager
async def in_call(**settings: str) -> AsyncIterator[tuple[ServiceProcess, Client, Client]]:
    """A process, and two who are in a call."""
    async with process(**settings) as service:
        alice, bob = [
            await Client.join(service.port, token(user), user) for user in ("alice", "bob")
        ]
        call = await alice.done("call:initiate", {"to": "bob", "callType": "audio"})
        await bob.next("call:incoming")
        await bob.done("call:accept", {"callId": call["callId"]})
        await alice.next("call:accepted")
        yield service, alice, bob
        for client in (alice, bob):
            await client.close()


async def deaf(service: ServiceProcess) -> Client:
    """A client that does not read, though more waits for it than the kernel takes."""
    narrow = socket.socket()
    narrow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    narrow.connect(("127.0.0.1", service.port))
    client = await Client.connect(service.port, token("deaf"), sock=narrow)
    await client.emit("user:join", {"userId": "deaf"})
    await client.next("user:joined")
    client.socket.transport.pause_reading()
    users = {"userIds": [f"{number:0100}" for number in range(500)]}
    async with asyncio.timeout(PATIENCE_S), aiohttp.ClientSession() as http:
        while await waiting(http, service) < 100_000:
            await client.emit("user:watch", users)  # 90 KB
    return client


async def waiting(http: aiohttp.ClientSession, service: ServiceProcess) -> float:
    """Bytes that wait for clients."""
    async with http.get(f"http://127.0.0.1:{service.admin_port}/metrics") as answer:
        text = await answer.text()
    name = "ringline_send_queue_bytes "
    (line,) = [line for line in text.splitlines() if line.startswith(name)]
    return float(line.removeprefix(name))


async def test_a_drain_step_by_step(http: aiohttp.ClientSession):
    async with in_call(drain_window="3") as (service, alice, bob):
        service.process.send_signal(signal.SIGTERM)
        await refused_with_503(http, f"http://127.0.0.1:{service.admin_port}/readyz")
        url = f"http://127.0.0.1:{service.port}/socket.io/?EIO=4&transport=polling"
        polled = await refused_with_503(http, url)
        assert int(polled["Retry-After"]) > 0
        with pytest.raises(InvalidStatus) as refused:
            await Client.open(service.port)
        assert refused.value.response.status_code == 503
        assert int(refused.value.response.headers["Retry-After"]) > 0
        for client in (alice, bob):
            ended = await client.next("call:ended")
            assert (ended["reason"], ended["by"]) == ("server_shutdown", None)
            assert await client.until_closed() == 1001
        assert await service.status() == 0


async def test_a_window_lets_calls_go_on(http: aiohttp.ClientSession):
    async with in_call(drain_window="60") as (service, alice, bob):
        service.process.send_signal(signal.SIGTERM)
        await refused_with_503(http, f"http://127.0.0.1:{service.admin_port}/readyz")
        refused = await alice.request("call:initiate", {"to": "carol", "callType": "audio"})
        assert refused["error"]["code"] == "server_draining"
        await alice.done("call:offer", {"offer": {"type": "offer", "sdp": "v=0"}, "to": "bob"})
        await bob.next("call:offer")
        begun = time.monotonic()
        await alice.done("call:end", {"callId": alice.payloads("call:accepted")[0]["callId"]})
        assert (await bob.next("call:ended"))["reason"] == "completed"
        assert await service.status() == 0
        assert time.monotonic() - begun < 10


async def test_who_is_in_no_call_goes_elsewhere_at_once():
    async with in_call(drain_window="60") as (service, alice, bob):
        carol = await Client.join(service.port, token("carol"), "carol")
        unjoined = await Client.connect(service.port, token("dora"))
        tablet = await Client.join(service.port, token("alice"), "alice")
        service.process.send_signal(signal.SIGTERM)
        for client in (carol, unjoined):
            assert await client.until_closed() == 1001
        for client in (alice, tablet, bob):
            await client.settle()
        await bob.done("call:end", {"callId": alice.payloads("call:accepted")[0]["callId"]})
        assert await service.status() == 0
        await tablet.close()


async def test_readiness_may_leave_the_drain_out(http: aiohttp.ClientSession):
    """A pod that is not ready loses the UDP flows of its Services, and so of its relays."""
    async with in_call(drain_window="60") as (service, alice, _):
        service.process.send_signal(signal.SIGTERM)
        url = f"http://127.0.0.1:{service.admin_port}/readyz"
        await refused_with_503(http, url)
        async with http.get(f"{url}?exclude=draining") as told:
            assert (told.status, await told.json()) == (200, {"status": "draining"})
        await alice.done("call:end", {"callId": alice.payloads("call:accepted")[0]["callId"]})
        assert await service.status() == 0


async def test_a_window_ends():
    async with in_call(drain_window="1") as (service, alice, bob):
        service.process.send_signal(signal.SIGTERM)
        for client in (alice, bob):
            assert (await client.next("call:ended"))["reason"] == "server_shutdown"
        assert await service.status() == 0


async def refused_with_503(http: aiohttp.ClientSession, url: str) -> Any:
    """Ask until it is refused: the signal takes a moment to arrive. The headers."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            async with http.get(url) as answer:
                if answer.status == 503:
                    return answer.headers


@pytest.mark.parametrize("second", [signal.SIGTERM, signal.SIGINT])
async def test_a_second_signal_ends_it_now(second: signal.Signals):
    async with in_call() as (service, alice, _):
        _, writer = await asyncio.open_connection("127.0.0.1", service.port)
        with contextlib.closing(writer):
            writer.write(b"POST /turn HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n")
            await writer.drain()  # a body that never comes holds it up for 5 s
            await alice.settle()
            service.process.send_signal(signal.SIGTERM)
            await alice.next("call:ended")
            service.process.send_signal(second)
            assert await service.status() == -second  # one that had drained ends with 0


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2, signal.SIGPIPE])
async def test_a_signal_that_asks_for_no_end_ends_no_call(number: signal.Signals):
    async with in_call() as (service, alice, bob):
        service.process.send_signal(number)
        if number in {signal.SIGUSR1, signal.SIGUSR2}:
            assert (await service.logged("signal.ignored"))["signal"] == number.name
        await alice.done("call:offer", {"offer": {"type": "offer", "sdp": "v=0"}, "to": "bob"})
        await bob.next("call:offer")
        service.process.send_signal(signal.SIGTERM)
        for client in (alice, bob):
            assert (await client.next("call:ended"))["reason"] == "server_shutdown"
        assert await service.status() == 0


async def test_signals_that_come_in_a_drain_do_not_break_it(http: aiohttp.ClientSession):
    async with in_call(drain_window="60") as (service, alice, bob):
        service.process.send_signal(signal.SIGTERM)
        await refused_with_503(http, f"http://127.0.0.1:{service.admin_port}/readyz")
        for number in (signal.SIGHUP, signal.SIGUSR1):
            service.process.send_signal(number)
        await service.logged("signal.ignored")
        await alice.done("call:offer", {"offer": {"type": "offer", "sdp": "v=0"}, "to": "bob"})
        await bob.next("call:offer")
        await alice.done("call:end", {"callId": alice.payloads("call:accepted")[0]["callId"]})
        assert await service.status() == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_an_idle_process_exits_with_0(number: signal.Signals):
    async with process() as service:
        client = await Client.join(service.port, token("alice"), "alice")
        service.process.send_signal(number)
        assert await client.until_closed() == 1001
        assert await service.status() == 0


async def test_polls_that_wait_do_not_hold_it_up(http: aiohttp.ClientSession):
    async with process() as service:
        polling = await Polling.handshake(http, service.port)
        await polling.join(token("alice"), "alice")
        waiting = asyncio.create_task(polling.poll())
        await asyncio.sleep(0.1)
        service.process.send_signal(signal.SIGTERM)
        assert await waiting == ["1"]
        assert await service.status() == 0


@pytest.mark.parametrize("setting", ["port", "admin_port"])
async def test_a_taken_port_is_one_sentence_and_status_2(tmp_path: Path, setting: str):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        refused = await started(tmp_path, jwt_secret=SECRET, **{setting: port})
        _, said = await refused.communicate()
    assert refused.returncode == 2
    (line,) = said.decode().splitlines()
    assert line.startswith(f"ringline: RINGLINE_{setting.upper()}={port} ")
    assert "Traceback" not in line


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({}, "RINGLINE_JWT_SECRET"),
        ({"jwt_secret": "short"}, "RINGLINE_JWT_SECRET"),
        ({"jwt_secret": SECRET, "jwt_algorithms": "RS256"}, "RINGLINE_JWT_ALGORITHMS"),
        ({"jwt_secret": SECRET, "jwks_url": "http://x/"}, "RINGLINE_JWKS_URL"),
        ({"jwt_public_key": "-----BEGIN NOTHING"}, "RINGLINE_JWT_PUBLIC_KEY"),
    ],
    ids=["no key", "31 bytes", "another algorithm", "two keys", "no PEM"],
)
async def test_without_a_fitting_key_it_does_not_start(
    tmp_path: Path, settings: dict[str, str], named: str
):
    refused = await started(tmp_path, **settings)
    _, said = await refused.communicate()
    assert refused.returncode == 2
    assert named in said.decode()
    assert "Traceback" not in said.decode()


async def test_a_client_that_does_not_read_does_not_hold_it_up():
    async with process(rate_limit_scale="1000") as service:
        client = await deaf(service)
        begun = time.monotonic()
        service.process.send_signal(signal.SIGTERM)
        assert await service.status() == 0
        assert time.monotonic() - begun < 4
        client.socket.transport.abort()

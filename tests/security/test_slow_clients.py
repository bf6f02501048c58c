"""Who does not read what is written for them is cut before it costs the others memory."""

import asyncio
import contextlib
import json
import socket

import aiohttp
import psutil
import pytest
from websockets.exceptions import ConnectionClosed

from service.transport.server import http1
from service.transport.websocket.websocket import CONTROLS, MOST_UNREAD
from tests.security.surroundings import eventually
from tests.support.client import Client
from tests.support.polling import Polling
from tests.support.process import ServiceProcess, process
from tests.support.raw import GET, WEBSOCKET, raw
from tests.support.service import TestService, running, token
from tests.support.waiting import PATIENCE_S

pytestmark = pytest.mark.asyncio(loop_scope="module")
MEBIBYTE = 1024 * 1024
LARGE = {"userIds": [f"{number:0100}" for number in range(500)]}  # an answer of 90 KB each time

NOWHERE = b"GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n"


def narrow(port: int) -> socket.socket:
    """A connection whose kernel takes little."""
    taking_little = socket.socket()
    taking_little.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    taking_little.connect(("127.0.0.1", port))
    return taking_little


async def deaf(port: int) -> Client:
    """A joined client whose kernel takes little, and which reads nothing more."""
    client = await Client.connect(port, token("deaf"), sock=narrow(port))
    await client.emit("user:join", {"userId": "deaf"})
    await client.next("user:joined")
    client.socket.transport.pause_reading()
    return client


async def closed_for_reading_too_little(port: int) -> float:
    """The counter, as Prometheus sees it."""
    async with aiohttp.request("GET", f"http://127.0.0.1:{port}/metrics") as answer:
        lines = (await answer.text()).splitlines()
    name = "ringline_slow_clients_closed_total "
    return next(float(line.removeprefix(name)) for line in lines if line.startswith(name))


async def pushed(client: Client, times: int) -> None:
    """Ask for more than the client will read, or until it is cut."""
    with contextlib.suppress(ConnectionClosed):
        for _ in range(times):
            await client.emit("user:watch", LARGE)
            await asyncio.sleep(0.011)  # below 100 events a second


async def test_at_1_mib_a_client_is_cut_and_its_memory_given_back():
    async with process(rate_limit_scale="1000") as service:
        alice = await Client.join(service.port, token("alice"), "alice")
        memory = psutil.Process(service.process.pid).memory_info
        before = memory().rss
        mallory = await deaf(service.port)
        await pushed(mallory, 200)  # 18 MB in all
        assert memory().rss - before < 12 * MEBIBYTE
        await alice.settle()
        await until_counted(service)
        mallory.socket.transport.abort()
        await alice.close()


async def until_counted(service: ServiceProcess) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while await closed_for_reading_too_little(service.admin_port) < 1:  # noqa: ASYNC110
            await asyncio.sleep(0.05)


async def test_a_poller_that_does_not_poll_is_cut(service: TestService):
    alice = await service.join("alice")
    async with aiohttp.ClientSession() as http:
        polling = await Polling.handshake(http, service.port)
        await polling.join(token("mallory"), "mallory")
        connections = len(service.node.engine)
        watch = "42" + json.dumps(["user:watch", {"userIds": LARGE["userIds"][:200]}])
        for _ in range(80):
            if await polling.post(watch) != 200:
                break
            await service.advance(0.6)  # as many ids take so long to be allowed once more
        await eventually(lambda: len(service.node.engine) == connections - 1)
    assert await closed_for_reading_too_little(service.admin_port) == 1
    await alice.settle()


async def test_who_reads_no_pongs_is_counted_as_slow():
    async with running() as service:
        mallory = await deaf(service.port)
        (client,) = service.node.engine.clients()
        with contextlib.suppress(ConnectionClosed):
            for number in range(CONTROLS.count):
                for _ in range((MOST_UNREAD - client.queued()) // 220):  # 201 bytes each
                    client.emit("filler", b'"%s"' % (b"x" * 180))
                await mallory.socket.ping(number.to_bytes(125, "big"))
                await asyncio.sleep(0.01)
        await eventually(lambda: len(service.node.engine) == 0)
        assert await closed_for_reading_too_little(service.admin_port) == 1
        mallory.socket.transport.abort()


async def test_who_reads_late_but_reads_is_kept():
    async with running(rate_limit_scale=1_000) as service:
        alice = await service.join("alice")
        alice.socket.transport.pause_reading()
        await pushed(alice, 8)
        await asyncio.sleep(0.2)
        alice.socket.transport.resume_reading()
        await alice.settle()
        assert await closed_for_reading_too_little(service.admin_port) == 0


async def waiting_for_clients(port: int) -> float:
    """Bytes that wait in the service, as Prometheus sees them."""
    async with aiohttp.request("GET", f"http://127.0.0.1:{port}/metrics") as answer:
        lines = (await answer.text()).splitlines()
    name = "ringline_send_queue_bytes "
    return next(float(line.removeprefix(name)) for line in lines if line.startswith(name))


async def test_long_messages_that_wait_come_whole_and_in_order():
    async with process(rate_limit_scale="1000") as service:
        alice = await Client.join(service.port, token("alice"), "alice")
        bob = await Client.join(service.port, token("bob"), "bob")
        call_id = (await alice.done("call:initiate", {"to": "bob", "callType": "video"}))["callId"]
        await bob.done("call:accept", {"callId": call_id})
        bob.socket.transport.pause_reading()
        sent, more = 0, 40
        while more:
            sdp = f"v=0 {sent} ".ljust(9_000 + sent, "x")
            await alice.done("call:offer", {"offer": {"type": "offer", "sdp": sdp}, "to": "bob"})
            sent += 1
            if more < 40 or (
                sent % 20 == 0 and await waiting_for_clients(service.admin_port) > 100_000
            ):
                more -= 1
        bob.socket.transport.resume_reading()
        for number in range(sent):
            sdp = (await bob.next("call:offer"))["offer"]["sdp"]
            assert sdp.startswith(f"v=0 {number} ")
            assert len(sdp) == 9_000 + number


async def test_a_websocket_behind_an_answer_that_is_read_late_stays(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(http1, "READ_WITHIN_S", 1.0)
    async with running() as service, raw(service.port) as connection:
        await eventually(lambda: bool(service.node.tcp._http))
        (serving,) = service.node.tcp._http
        assert isinstance(serving, http1.BoundedHttp)
        asked = 0
        while not serving.flow.write_paused:
            earlier = serving.cycle
            await connection.send(GET)
            asked += 1
            await eventually(lambda: serving.cycle is not earlier and not serving._answering())  # noqa: B023
        await connection.send(WEBSOCKET)
        await eventually(lambda: serving.url.startswith(b"/socket.io/"))
        answers = [(await connection.answer())[0] for _ in range(asked + 1)]
        assert answers == [200] * asked + [101]
        with pytest.raises(TimeoutError):
            await connection.rest(patience=1.5)


async def test_who_does_not_read_what_it_asked_for_over_http_is_dropped(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(http1, "READ_WITHIN_S", 0.2)
    async with running() as service, raw(service.port) as connection:
        connection.writer.write(GET * 2_000)
        await eventually(lambda: bool(service.node.tcp._http))
        await eventually(lambda: not service.node.tcp._http)


async def test_who_reads_no_last_answer_is_dropped(monkeypatch: pytest.MonkeyPatch):
    """A few bytes of it were kept for ever: writing pauses only where more is unread."""
    monkeypatch.setattr(http1, "READ_WITHIN_S", 0.2)
    async with running() as service:
        client = narrow(service.port)
        await eventually(lambda: bool(service.node.tcp._http))
        (serving,) = service.node.tcp._http
        assert isinstance(serving, http1.BoundedHttp)
        own, unread = (
            serving.transport.get_extra_info("socket"),
            serving.transport.get_write_buffer_size,
        )
        own.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4_096)
        while not unread():
            earlier = serving.cycle
            client.send(NOWHERE)
            await eventually(lambda: serving.cycle is not earlier and not serving._answering())  # noqa: B023
        assert unread() < http1.MOST_UNWRITTEN
        client.send(NOWHERE.replace(b"Host", b"Connection: close\r\nHost"))
        await eventually(serving.transport.is_closing)
        await eventually(lambda: not service.node.tcp._http)
        client.close()

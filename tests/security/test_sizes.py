"""Too much of anything: refused before it is kept."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import aiohttp
import psutil
import pytest
from websockets.exceptions import ConnectionClosed

from tests.security.surroundings import Bystanders, gone, name, sizes
from tests.support.polling import Ended, Polling
from tests.support.process import process
from tests.support.service import TestService, token
from tests.support.waiting import PATIENCE_S

pytestmark = pytest.mark.asyncio(loop_scope="module")

LIMIT = 64 * 1024
MEBIBYTE = 1024 * 1024
PATHS = ["/turn", "/v1/calls/c_x/reject"]
NO_CONNECTIONS = ["/socket.io/?EIO=4&transport=polling&sid=x", "/socket.io"]


def event_of(size: int) -> str:
    """An event of so many bytes, all of it well-formed."""
    start, end = '42["user:status",{"userId":"alice","more":"', '"}]'
    return start + "x" * (size - len(start) - len(end)) + end


@pytest.mark.parametrize("pieces", [1, 2, 1000], ids=["whole", "halves", "a thousand fragments"])
async def test_a_message_over_64_kib_closes_with_1009(
    service: TestService, bystanders: Bystanders, pieces: int
):
    mallory = await service.join(name("mallory"))
    message = event_of(LIMIT + 1)
    step = -(-len(message) // pieces)
    parts = [message[i : i + step] for i in range(0, len(message), step)]
    with contextlib.suppress(ConnectionClosed):
        await mallory.socket.send(message if pieces == 1 else parts)
    assert await mallory.until_closed() == 1009


@pytest.mark.parametrize("pieces", [1, 2, 500])
async def test_a_message_of_64_kib_passes(service: TestService, pieces: int):
    alice = await service.join(name("alice"))
    message = event_of(LIMIT)
    step = -(-len(message) // pieces)
    parts = [message[i : i + step] for i in range(0, len(message), step)]
    await alice.socket.send(message if pieces == 1 else parts)
    assert (await alice.next("user:status"))["userId"] == "alice"
    await service.close_clients()


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("chunked", [False, True], ids=["declared", "chunked"])
async def test_a_body_over_64_kib_is_413(
    service: TestService,
    bystanders: Bystanders,
    http: aiohttp.ClientSession,
    path: str,
    *,
    chunked: bool,
):
    body = b"4" * (LIMIT + 1)
    async with http.post(service.url + path, data=body, chunked=chunked or None) as answer:
        assert answer.status == 413
        assert answer.content_type == "application/problem+json"
        assert (await answer.json())["code"] == "invalid_payload"


@pytest.mark.parametrize("path", NO_CONNECTIONS)
@pytest.mark.parametrize("chunked", [False, True], ids=["declared", "chunked"])
async def test_a_body_for_no_connection_is_not_read(
    service: TestService, http: aiohttp.ClientSession, path: str, *, chunked: bool
):
    body = b"4" * (LIMIT + 1)
    async with http.post(service.url + path, data=body, chunked=chunked or None) as answer:
        assert answer.status == 400
        assert (await answer.json())["code"] in {0, 1}


async def test_a_declared_length_is_refused_before_the_body_comes(service: TestService):
    reader, writer = await asyncio.open_connection("127.0.0.1", service.port)
    writer.write(b"POST /turn HTTP/1.1\r\nHost: x\r\nContent-Length: 200000000\r\n\r\n")
    async with asyncio.timeout(PATIENCE_S):
        assert b" 413 " in await reader.readline()
    writer.close()
    await writer.wait_closed()


async def test_a_polled_body_over_64_kib_ends_the_connection(
    service: TestService, bystanders: Bystanders, http: aiohttp.ClientSession
):
    before = sizes(service)
    mallory = await Polling.handshake(http, service.port)
    await mallory.join(token("mallory"), "mallory")
    assert await mallory.post(event_of(LIMIT + 1)) == 413
    await gone(service, before)
    with pytest.raises(Ended):
        await mallory.until("never")


@pytest.mark.parametrize("chunked", [False, True], ids=["declared", "chunked"])
async def test_a_polled_body_of_64_kib_passes(
    service: TestService, http: aiohttp.ClientSession, *, chunked: bool
):
    alice = await Polling.handshake(http, service.port)
    await alice.join(token("alice"), "alice")
    assert await alice.post(event_of(LIMIT), chunked=chunked or None) == 200
    assert '"userId":"alice"' in await alice.until('42["user:status"')
    await alice.post("1")


async def test_a_burst_of_polled_packets_is_handled_whole(
    service: TestService, http: aiohttp.ClientSession
):
    alice = await Polling.handshake(http, service.port)
    await alice.join(token("alice"), "alice")
    many = 600
    assert await alice.post(*["3"] * many, '42["user:status",{"userId":"last"}]') == 200
    assert "last" in await alice.until('42["user:status"')
    await alice.post("1")


async def endless(size: int) -> AsyncIterator[bytes]:
    for _ in range(size // MEBIBYTE):
        yield b"4" * MEBIBYTE


@pytest.mark.parametrize("method", ["POST", "GET", "DELETE", "PUT"])
async def test_200_mb_move_memory_by_less_than_5(http: aiohttp.ClientSession, method: str):
    async with process() as service:
        memory = psutil.Process(service.process.pid)
        paths = ["/turn", "/socket.io/?EIO=4&transport=polling&sid=x", "/nowhere"]
        for path in paths:  # what a first request loads is no leak
            async with http.request(method, f"http://127.0.0.1:{service.port}{path}"):
                pass
        before = memory.memory_info().rss
        for path in paths:
            url = f"http://127.0.0.1:{service.port}{path}"
            with contextlib.suppress(aiohttp.ClientError):
                async with http.request(method, url, data=endless(200 * MEBIBYTE)) as answer:
                    assert answer.status >= 400
            assert memory.memory_info().rss - before < 5 * MEBIBYTE
        assert await service_alive(http, service.port)


async def service_alive(http: aiohttp.ClientSession, port: int) -> bool:
    async with http.get(f"http://127.0.0.1:{port}/openapi.json") as answer:
        return answer.status == 200


async def test_a_body_that_never_comes_is_given_up(
    service: TestService, bystanders: Bystanders, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("service.transport.http.body.WITHIN_S", 0.2)
    reader, writer = await asyncio.open_connection("127.0.0.1", service.port)
    writer.write(b"POST /turn HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n12345")
    async with asyncio.timeout(PATIENCE_S):
        assert b" 408 " in await reader.readline()
    writer.close()
    await writer.wait_closed()


async def test_per_message_compression_is_not_negotiated(service: TestService):
    client = await service.open(
        additional_headers={
            "Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits"
        }
    )
    assert client.socket.response is not None
    assert "Sec-WebSocket-Extensions" not in client.socket.response.headers
    await service.close_clients()


async def test_polled_answers_are_not_compressed(service: TestService, http: aiohttp.ClientSession):
    alice = await Polling.handshake(http, service.port)
    await alice.join(token("alice"), "alice")
    await alice.emit("user:watch", {"userIds": [f"user-{i}" for i in range(100)]})
    url = f"{service.url}/socket.io/?EIO=4&transport=polling&sid={alice.sid}"
    async with http.get(url, headers={"Accept-Encoding": "gzip, deflate"}) as answer:
        assert len(await answer.read()) > 1_000
        assert "Content-Encoding" not in answer.headers
    await alice.post("1")

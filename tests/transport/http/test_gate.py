"""What is decided before a request gets anywhere: is there room, and what stays as it was."""

import aiohttp
import pytest
from websockets.exceptions import InvalidStatus

from tests.security.surroundings import eventually
from tests.support.polling import Polling
from tests.support.service import TestService, running, token
from tests.support.waiting import PATIENCE_S


@pytest.fixture
async def small():
    """A service with room for two."""
    async with running(max_connections=2) as service:
        yield service


async def test_over_its_connections_it_answers_503_and_stays_healthy(
    small: TestService, http: aiohttp.ClientSession
):
    alice, bob = await small.join("alice"), await small.join("bob")
    with pytest.raises(InvalidStatus) as refused:
        await small.open()
    assert refused.value.response.status_code == 503
    assert int(refused.value.response.headers["Retry-After"]) > 0
    url = f"{small.url}/socket.io/?EIO=4&transport=polling"
    async with http.get(url) as answer:
        assert answer.status == 503
        assert answer.content_type == "application/problem+json"
        assert int(answer.headers["Retry-After"]) > 0
    for path in ("healthz", "readyz"):
        async with http.get(f"http://127.0.0.1:{small.admin_port}/{path}") as answer:
            assert answer.status == 200
    await small.accepted(alice, bob)
    await bob.close()
    await eventually(lambda: len(small.node.engine) == 1)
    await small.join("carol")


async def test_who_is_in_may_still_upgrade_and_poll(
    small: TestService, http: aiohttp.ClientSession
):
    first, second = [await Polling.handshake(http, small.port) for _ in range(2)]
    for polling, user in ((first, "alice"), (second, "bob")):
        await polling.join(token(user), user)


async def test_when_draining_who_is_in_goes_on(service: TestService, http: aiohttp.ClientSession):
    alice, bob = await service.join("alice"), await service.join("bob")
    polling = await Polling.handshake(http, service.port)
    await polling.join(token("carol"), "carol")
    await service.accepted(alice, bob)
    service.node.drain()
    with pytest.raises(InvalidStatus) as refused:
        await service.open()
    assert refused.value.response.status_code == 503
    await alice.done("call:offer", {"offer": {"type": "offer", "sdp": "v=0"}, "to": "bob"})
    await bob.next("call:offer")
    await polling.emit("user:status", {"userId": "alice"})
    assert await polling.until('42["user:status"')
    async with http.get(f"{service.url}/openapi.json") as answer:
        assert answer.status == 200


@pytest.mark.parametrize("declared", ["-1", "1e3", "0x10", " ", "\u0661"])
async def test_a_length_that_is_no_number_is_refused(
    service: TestService, http: aiohttp.ClientSession, declared: str
):
    import asyncio  # noqa: PLC0415

    reader, writer = await asyncio.open_connection("127.0.0.1", service.port)
    head = f"POST /turn HTTP/1.1\r\nHost: x\r\nContent-Length: {declared}\r\n\r\n"
    writer.write(head.encode())
    async with asyncio.timeout(PATIENCE_S):
        status = (await reader.readline()).split()[1]
    assert status in {b"400", b"413"}
    writer.close()
    await writer.wait_closed()


@pytest.mark.parametrize("chunked", [False, True])
async def test_a_small_body_reaches_its_route(
    service: TestService, http: aiohttp.ClientSession, *, chunked: bool
):
    headers = {"Authorization": f"Bearer {token('alice')}"}
    url = f"{service.url}/v1/calls/c_x/reject"
    async with http.post(url, data=b"{}", headers=headers, chunked=chunked or None) as answer:
        assert (answer.status, (await answer.json())["code"]) == (404, "call_not_found")


async def test_a_websocket_anywhere_else_is_refused(service: TestService):
    from websockets.asyncio.client import connect  # noqa: PLC0415

    for path in ("/", "/v1/ice", "/turn", "/docs", "/web/phone.js"):
        with pytest.raises(InvalidStatus) as refused:
            await connect(f"ws://127.0.0.1:{service.port}{path}")
        assert refused.value.response.status_code in {403, 404}

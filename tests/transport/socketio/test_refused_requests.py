"""What is wrong with a request is said with the reference server's codes, on every transport."""

import json

import aiohttp
import pytest

from tests.support.polling import Polling
from tests.support.service import TestService, running, token

TRANSPORT_UNKNOWN = (0, "Transport unknown")
SESSION_UNKNOWN = (1, "Session ID unknown")
BAD_HANDSHAKE_METHOD = (2, "Bad handshake method")
BAD_REQUEST = (3, "Bad request")
UNSUPPORTED_VERSION = (5, "Unsupported protocol version")
UPGRADE = {
    "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}  # fmt: skip
HANDSHAKES = {
    "": TRANSPORT_UNKNOWN,
    "EIO=4": TRANSPORT_UNKNOWN,
    "EIO=4&transport=telepathy": TRANSPORT_UNKNOWN,
    "EIO=4&transport=webtransport": TRANSPORT_UNKNOWN,
    "EIO=4&transport={other}": BAD_REQUEST,
    "EIO=3&transport={own}": UNSUPPORTED_VERSION,
    "EIO=abc&transport={own}": UNSUPPORTED_VERSION,
    "transport={own}": UNSUPPORTED_VERSION,
    "EIO=4&transport={own}&sid=x": SESSION_UNKNOWN,
    "EIO=4&transport={other}&sid=x": SESSION_UNKNOWN,
}
OTHER = {"polling": "websocket", "websocket": "polling"}

each_transport = pytest.mark.parametrize("own", OTHER)


def headers_of(own: str) -> dict[str, str]:
    return UPGRADE if own == "websocket" else {}


async def refused(
    answer: aiohttp.ClientResponse, fault: tuple[int, str], *, head: bool = False
) -> None:
    assert answer.status == 400
    assert answer.content_type == "application/json"
    assert int(answer.headers["Content-Length"]) > 0
    assert answer.headers["Cache-Control"] == "no-store"
    if not head:
        assert await answer.json() == {"code": fault[0], "message": fault[1]}


@each_transport
@pytest.mark.parametrize(("query", "fault"), HANDSHAKES.items())
async def test_a_wrong_handshake(
    service: TestService, http: aiohttp.ClientSession, own: str, query: str, fault: tuple[int, str]
):
    url = f"{service.url}/socket.io/?{query.format(own=own, other=OTHER[own])}"
    async with http.get(url, headers=headers_of(own)) as answer:
        await refused(answer, fault)
    assert len(service.node.engine) == 0


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"])
async def test_a_handshake_by_another_method(
    service: TestService, http: aiohttp.ClientSession, method: str
):
    url = f"{service.url}/socket.io/?EIO=4&transport="
    async with http.request(method, url + "polling", data="40") as answer:
        await refused(answer, BAD_HANDSHAKE_METHOD, head=method == "HEAD")
    async with http.request(method, url + "polling&sid=x") as answer:
        await refused(answer, SESSION_UNKNOWN, head=method == "HEAD")
    if method != "HEAD":  # uvicorn's answer to that has a body, which clients choke on
        async with http.request(method, url + "websocket", headers=UPGRADE) as answer:
            assert answer.status in {400, 405}
    assert len(service.node.engine) == 0


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"])
async def test_another_method_touches_no_connection(
    service: TestService, http: aiohttp.ClientSession, method: str
):
    polling = await joined(service, http)
    url = f"{service.url}/socket.io/?EIO=4&transport=polling&sid={polling.sid}"
    async with http.request(method, url, data='42["call:end",{}]') as answer:
        await refused(answer, BAD_REQUEST, head=method == "HEAD")
    await still_polls(polling)


@pytest.mark.parametrize(
    "headers",
    [{"Upgrade": "websocket"}, {"Upgrade": "websocket", "Connection": "keep-alive"},
     {**UPGRADE, "Connection": "close"}, {"Connection": "Upgrade", "Upgrade": "h2c"}],
    ids=["no Connection", "keep-alive", "close", "another protocol"],
)  # fmt: skip
async def test_an_upgrade_that_is_none_touches_no_connection(
    service: TestService, http: aiohttp.ClientSession, headers: dict[str, str]
):
    polling = await joined(service, http)
    url = f"{service.url}/socket.io/?EIO=4&transport=websocket"
    for query in ("", f"&sid={polling.sid}"):
        async with http.get(url + query, headers=headers) as answer:
            await refused(answer, BAD_REQUEST)
    assert len(service.node.engine) == 1
    await still_polls(polling)


@pytest.mark.parametrize(
    ("query", "headers"),
    [("EIO=4&transport=polling", UPGRADE), ("transport=polling", {}),
     ("EIO=3&transport=polling", {}), ("transport=websocket", UPGRADE),
     ("EIO=4&transport=websocket", {})],
    ids=["upgrade to polling", "no EIO", "EIO=3", "upgrade without EIO", "no upgrade"],
)  # fmt: skip
async def test_a_bad_request_of_a_connection_touches_it_not(
    service: TestService, http: aiohttp.ClientSession, query: str, headers: dict[str, str]
):
    polling = await joined(service, http)
    url = f"{service.url}/socket.io/?{query}&sid={polling.sid}"
    async with http.get(url, headers=headers) as answer:
        await refused(answer, BAD_REQUEST)
    await still_polls(polling)


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_websocket_is_not_polled(
    service: TestService, http: aiohttp.ClientSession, method: str
):
    alice = await service.join("alice")
    (sid,) = service.node.engine.eio.sockets
    url = f"{service.url}/socket.io/?EIO=4&transport="
    async with http.request(method, f"{url}polling&sid={sid}", data="41") as answer:
        await refused(answer, BAD_REQUEST)
    async with http.get(f"{url}websocket&sid={sid}", headers=UPGRADE) as answer:
        await refused(answer, BAD_REQUEST)
    await alice.settle()


async def test_jsonp_is_refused_by_name(service: TestService, http: aiohttp.ClientSession):
    async with http.get(f"{service.url}/socket.io/?EIO=4&transport=polling&j=0") as answer:
        assert answer.status == 400
        told = await answer.json()
    assert told["code"] == 3
    assert "JSONP" in told["message"]


@pytest.mark.parametrize("path", ["/", "/socket.iox/", "/engine.io/", "/ws", "/v1/ice"])
async def test_a_websocket_at_a_wrong_path_is_404(
    service: TestService, http: aiohttp.ClientSession, path: str
):
    url = f"{service.url}{path}?EIO=4&transport=websocket"
    async with http.get(url, headers=UPGRADE) as answer:
        assert answer.status == 404
        assert answer.content_type == "application/problem+json"
        told = await answer.json()
    assert told["code"] == "not_found"
    assert "/socket.io/" in told["detail"]


async def test_without_websocket_none_is_offered(http: aiohttp.ClientSession):
    async with running(transports=("polling",)) as service:
        polling = await Polling.handshake(http, service.port)
        assert polling.open["upgrades"] == []
        url = f"{service.url}/socket.io/?EIO=4&transport=websocket"
        for query in ("", f"&sid={polling.sid}"):
            async with http.get(url + query, headers=UPGRADE) as answer:
                await refused(answer, TRANSPORT_UNKNOWN)


async def joined(service: TestService, http: aiohttp.ClientSession) -> Polling:
    polling = await Polling.handshake(http, service.port)
    await polling.join(token("alice"), "alice")
    return polling


async def still_polls(polling: Polling) -> None:
    await polling.emit("user:status", {"userId": "x"})
    answer = json.loads((await polling.until('42["user:status"'))[2:])
    assert answer[1]["userId"] == "x"

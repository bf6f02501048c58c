"""What comes before a request's body, and around it: bounded, on every request and handshake."""

import asyncio
import json
from collections.abc import Iterator

import aiohttp
import pytest

from service.transport.server.http1 import BoundedHttp
from service.transport.server.request_parser import MOST_HEAD, MOST_HEADERS
from tests.security.surroundings import Bystanders
from tests.support.polling import Polling
from tests.support.raw import GET, HANDSHAKE, Raw, raw
from tests.support.service import TestService, token

pytestmark = pytest.mark.asyncio(loop_scope="module")

CHUNKED = b"POST /turn HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"


def head(size: int, shape: str, *, websocket: bool = False) -> bytes:
    """The line and headers of a good request, so many bytes in all."""
    target = "/socket.io/?EIO=4&transport=websocket" if websocket else "/openapi.json?"
    end = (HANDSHAKE if websocket else b"Host: x\r\n") + b"\r\n"
    start = f"GET {target}".encode()
    spare = size - len(start) - len(b" HTTP/1.1\r\n") - len(end)
    if shape == "line":
        return start + b"&" + b"x" * (spare - 1) + b" HTTP/1.1\r\n" + end
    each = spare if shape == "header" else 500
    sizes = [each] * (spare // each)
    sizes[-1] += spare % each
    headers = b"".join(b"x: " + b"y" * (one - 5) + b"\r\n" for one in sizes)
    return start + b" HTTP/1.1\r\n" + headers + end


@pytest.fixture(params=["first", "later", "pipelined"])
def before(request: pytest.FixtureRequest) -> str:
    """Which request of a connection it is."""
    return str(request.param)


async def sent(connection: Raw, before: str, request: bytes) -> int:
    """Send it as that request; the status."""
    if before == "later":
        await connection.send(GET)
        assert (await connection.answer())[0] == 200
    await connection.send(GET + request if before == "pipelined" else request)
    if before == "pipelined":
        assert (await connection.answer())[0] == 200
    return (await connection.answer())[0]


shapes = pytest.mark.parametrize("shape", ["line", "header", "headers"])
protocols = pytest.mark.parametrize("websocket", [False, True], ids=["http", "websocket"])


@shapes
@protocols
async def test_a_head_over_32_kib_is_431(
    service: TestService, bystanders: Bystanders, before: str, shape: str, *, websocket: bool
):
    async with raw(service.port) as connection:
        # What follows a request in the same read is not counted to the byte.
        large = head(MOST_HEAD + (1025 if before == "pipelined" else 1), shape, websocket=websocket)
        assert await sent(connection, before, large) == 431
        assert await connection.rest() == b""


@shapes
@protocols
async def test_a_head_of_32_kib_passes(
    service: TestService, before: str, shape: str, *, websocket: bool
):
    async with raw(service.port) as connection:
        status = await sent(connection, before, head(MOST_HEAD, shape, websocket=websocket))
        assert status == (101 if websocket else 200)


@protocols
@pytest.mark.parametrize(("more", "passes"), [(0, True), (1, False)])
async def test_the_number_of_headers_is_bounded(
    service: TestService, before: str, *, websocket: bool, more: int, passes: bool
):
    needed = HANDSHAKE if websocket else b"Host: x\r\n"
    line = b"GET /socket.io/?EIO=4&transport=websocket" if websocket else b"GET /openapi.json"
    many = b"a: b\r\n" * (MOST_HEADERS + more - needed.count(b"\r\n"))
    async with raw(service.port) as connection:
        status = await sent(connection, before, line + b" HTTP/1.1\r\n" + needed + many + b"\r\n")
        assert status == ((101 if websocket else 200) if passes else 431)


@pytest.mark.parametrize(
    ("declared", "status"),
    [("Content-Length: 5", 400), ("Transfer-Encoding: chunked", 400), ("Content-Length: 0", 101)],
)
async def test_a_websocket_handshake_has_no_body(
    service: TestService, before: str, declared: str, status: int
):
    line = b"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\n"
    async with raw(service.port) as connection:
        request = line + declared.encode() + b"\r\n" + HANDSHAKE + b"\r\n"
        assert await sent(connection, before, request) == status


async def test_a_refusal_is_a_problem_document(service: TestService):
    async with raw(service.port) as connection:
        await connection.send(head(2 * MOST_HEAD, "header"))
        status, headers, body = await connection.answer()
        assert (status, headers["content-type"]) == (431, "application/problem+json")
        assert headers["connection"] == "close"
        assert b'"code":"invalid_payload"' in body


@pytest.mark.parametrize("stray", [b"\r\n", b"\n"])
async def test_line_breaks_before_a_request_count(service: TestService, stray: bytes):
    async with raw(service.port) as connection:
        await connection.send(GET)
        assert (await connection.answer())[0] == 200
        await connection.send(stray * MOST_HEAD)
        assert (await connection.answer())[0] == 431


@pytest.mark.parametrize(
    "more",
    [
        b"0\r\n" + b"a: b\r\n" * 6_000,
        b"0\r\na: " + b"b" * (MOST_HEAD + 1024),
        b"1;" + b"x" * (MOST_HEAD + 64) + b"\r\n0\r\n\r\n",
        b"1" + b";x" * MOST_HEAD,
        b"".join(b"1;" + b"x" * 100 + b"\r\n4\r\n" for _ in range(1_000)),
    ],
    ids=["trailers", "one trailer", "an extension", "extensions", "extensions of small chunks"],
)
async def test_what_frames_a_body_is_bounded(
    service: TestService, bystanders: Bystanders, more: bytes
):
    async with raw(service.port) as connection:
        await connection.send(CHUNKED + more)
        answers = await connection.rest()
    assert answers.startswith((b"HTTP/1.1 431 ", b"HTTP/1.1 400 "))
    assert answers.count(b"HTTP/1.1 ") == 1, "a proxy would take a second for the next request's"


async def test_a_body_in_very_small_chunks_is_none_of_that(service: TestService):
    async with raw(service.port) as connection:
        await connection.send(CHUNKED + b"1\r\n4\r\n" * 60_000 + b"0\r\n\r\n")
        assert (await connection.answer())[0] == 401


async def test_a_trailer_is_no_header(service: TestService):
    """A proxy that takes headers away takes no trailers away."""
    async with raw(service.port) as connection:
        bearer = f"Authorization: Bearer {token('alice')}\r\n"
        await connection.send(CHUNKED + b"0\r\n" + bearer.encode() + b"\r\n")
        assert (await connection.answer())[0] == 401


async def test_pipelined_requests_are_all_answered_and_do_not_pile_up(service: TestService):
    many, most = 4_000, 0
    async with raw(service.port) as connection:
        sending = asyncio.create_task(connection.send(GET.replace(b"openapi.json", b"x") * many))
        for _ in range(many):
            assert (await connection.answer())[0] == 404
            most = max(most, max(map(waiting, http_connections(service)), default=0))
        await sending
    assert most < 64


def http_connections(service: TestService) -> Iterator[BoundedHttp]:
    for connection in service.node.tcp._http:
        assert isinstance(connection, BoundedHttp)
        yield connection


def waiting(connection: BoundedHttp) -> int:
    return len(connection.pipeline)


@pytest.mark.parametrize("garbage", [b"\0\0\r\n\r\n", head(2 * MOST_HEAD, "header")])
async def test_a_refusal_comes_behind_the_answer_that_is_awaited(
    service: TestService, http: aiohttp.ClientSession, garbage: bytes
):
    alice = await Polling.handshake(http, service.port)
    async with raw(service.port) as connection:
        poll = (
            f"GET /socket.io/?EIO=4&transport=polling&sid={alice.sid} HTTP/1.1\r\nHost: x\r\n\r\n"
        )
        await connection.send(poll.encode() + garbage)
        await connection.send(b"more of it")
        await alice.post("40" + json.dumps({"token": token("alice")}))
        answer, _, refusal = (await connection.rest()).partition(b"HTTP/1.1 4")
        assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
        assert b'40{"sid":' in answer
        assert refusal[:2] in {b"00", b"31"}
    await alice.post("1")

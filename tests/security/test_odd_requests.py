"""Requests that no client sends by mistake are refused, and are no fault of ours.

Each gets a status below 500 and, where it is refused, says why; nothing stands in the log as an
error. What two readers could take to end at different places ends the connection with its answer
(RFC 9112, 6.3 and 11.2).
"""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from tests.support.logged import logged
from tests.support.raw import GET, HANDSHAKE, Raw, raw
from tests.support.service import TestService, running, token

pytestmark = pytest.mark.asyncio(loop_scope="module")

POLL = "/socket.io/?EIO=4&transport=polling"
SOCKET = "/socket.io/?EIO=4&transport=websocket"
PATHS = {"turn": "/turn", "polling": f"{POLL}&sid={{sid}}", "handshake": POLL}
BODY = b"12345"

LENGTHS = [
    "1" * 5_000,
    "-1",
    "+5",
    "5,5",
    "5, 5",
    "²",
    "٣",
    "0x5",
    "5 5",
    "",
    "5.0",
    "1e3",
    "9" * 20,
]
"""Not the length of a body (RFC 9110, 8.6)."""
FRAMINGS = {
    "two lengths": ["Content-Length: 5", "Content-Length: 6"],
    "the same length twice": ["Content-Length: 5", "Content-Length: 5"],
    "a length and chunks": ["Content-Length: 5", "Transfer-Encoding: chunked"],
    "chunks and a length": ["Transfer-Encoding: chunked", "Content-Length: 5"],
    "no chunks": ["Transfer-Encoding: identity"],
    "chunks inside": ["Transfer-Encoding: chunked, gzip"],
    "chunks misspelt": ["Transfer-Encoding: xchunked"],
    "chunks after a control": ["Transfer-Encoding: \x0bchunked"],
    "a name with a space": ["Content-Length : 5"],
    "a folded line": ["X: a\r\n Content-Length: 5"],
    "a NUL": ["X: \0"],
    "no name": [": 5"],
} | {f"length {length[:9]}": [f"Content-Length: {length}"] for length in LENGTHS}
CHUNKS = {
    "a size that is none": "xyz", "a negative size": "-5", "a size of digits": "f" * 400,
    "a size with a space": "5 5",
}  # fmt: skip

QUERIES = {
    "4,000 parameters": "&".join(f"a{i}=1" for i in range(4_000)),
    "20,000 separators": "&" * 20_000,
    "5,000 percents": "%" * 5_000,
    "percents of nothing": "a=%ff%zz%00%ed%a0%80",
    "3,000 names": "&".join(["sid=x"] * 3_000),
    "a long sid": "sid=" + "x" * 20_000,
    "a NUL for sid": "sid=%00",
    "half a surrogate for sid": "sid=%ed%a0%80",
    "a long t": "t=" + "9" * 9_000,
}
VERSIONS = ["9" * 5_000, "-4", "4.0", "%b2", "", "4%00"]
HEADERS = {
    "3,000 proxies": "X-Forwarded-For: " + ", ".join(["192.0.2.7"] * 2_500),
    "no proxy": "X-Forwarded-For: \xff,,, ::1%lo, [::, 999.9.9.9",
    "a forwarded port": "X-Forwarded-For: [::1]:99999",
    "no scheme": "X-Forwarded-Proto: \xff,,",
    "no forwarded host": "X-Forwarded-Host: [::1",
    "a forwarded host of digits": "X-Forwarded-Host: \xb2:" + "9" * 5_000,
    "a long token": "Authorization: Bearer " + "a" * 30_000,
    "a token of dots": "Authorization: Bearer " + "." * 8_000,
    "a token of nothing": "Authorization: Bearer W10.W10.W10",
    "no token": "Authorization: Bearer \xff",
    "no scheme of a token": "Authorization: Basic :::",
    "no origin": "Origin: http://[::1",
    "an origin of digits": "Origin: http://a:" + "9" * 5_000,
    "no method asked for": "Access-Control-Request-Method: \xff",
    "no trace": "traceparent: \xff",
    "an upgrade to HTTP/2": "Connection: Upgrade\r\nUpgrade: h2c",
    "no quality": "Accept: " + "text/html;q=99999999999," * 500,
}
HANDSHAKES = {
    "a version of digits": ("Version: 13", "Version: " + "9" * 5_000),
    "no version": ("Sec-WebSocket-Version: 13\r\n", ""),
    "no key": ("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", ""),
    "a key of nothing": ("dGhlIHNhbXBsZSBub25jZQ==", "\xff"),
    "no extension": ("Host: x", "Host: x\r\nSec-WebSocket-Extensions: a; b=" + "9" * 999 + ',;;"'),
    "a length of zeros": ("Host: x", "Host: x\r\nContent-Length: " + "0" * 5_000),
}
LINES = [
    "GET /{nul} HTTP/1.1", "GET /%ff%00%zz HTTP/1.1", "GET /v1/users/%ff/status HTTP/1.1",
    "GET /v1/users/%ed%a0%80/status HTTP/1.1", "GET /v1/calls/%00 HTTP/1.1", "GET /\xe9 HTTP/1.1",
    "GET /{long} HTTP/1.1", "GET /web/{long} HTTP/1.1", "GET /web/%00 HTTP/1.1",
    "GET /web/../../etc/passwd HTTP/1.1", "GET /web/%2e%2e/%2e%2e/etc/passwd HTTP/1.1",
    "GET /web//etc/passwd HTTP/1.1", "GET /v1/ice?region={long} HTTP/1.1", "GET  HTTP/1.1",
    "GET * HTTP/1.1", "OPTIONS * HTTP/1.1", "GET x:80 HTTP/1.1", "GET ftp://x/y HTTP/1.1",
    "GET http://[::1/ HTTP/1.1", "GET http://x:99999999/ HTTP/1.1", "GET :// HTTP/1.1",
    "TRACE / HTTP/1.1", "CONNECT x:80 HTTP/1.1", "CONNECT / HTTP/1.1", "FOO / HTTP/1.1",
    "get / HTTP/1.1", "\xff / HTTP/1.1", "PRI * HTTP/2.0",
    "GET /v1/ice HTTP/9.9", "GET /v1/ice HTTP/" + "9" * 5_000, "PROXY TCP4 192.0.2.1 192.0.2.2 1 2",
    "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
]  # fmt: skip
"""Each refused: there is nothing at the address, it is none, or the line is none."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def service() -> AsyncIterator[TestService]:
    async with running(trusted_proxies=("127.0.0.1",)) as service:
        yield service


@pytest.fixture(autouse=True)
def no_errors() -> Iterator[None]:
    """Nothing stands in the log as an error."""
    with logged() as lines:
        yield
        assert not [one for one in lines.all() if one["level"] == "error" or "exception" in one]


def request(line: str, *headers: str, body: bytes = b"") -> bytes:
    return "\r\n".join([line, "Host: x", *headers, "", ""]).encode("latin-1") + body


async def answered(connection: Raw, sent: bytes, *, plainly: bool = False) -> int:
    """The status of the answer, which is no fault of ours.

    A refusal says why: by a problem, with Engine.IO's codes, or `plainly`, as the libraries do.
    """
    await connection.send(sent)
    status, headers, body = await connection.answer()
    assert status < 500, body
    if status >= 400:
        kind = headers.get("content-type")
        if kind == "application/problem+json":
            problem = json.loads(body)
            assert problem["status"] == status
            assert {"title", "detail", "code"} <= set(problem)
        elif kind == "application/json":
            assert set(json.loads(body)) == {"code", "message"}
        else:
            assert plainly, headers
    return status


async def polled(service: TestService) -> str:
    """The sid of a connection that polls."""
    async with raw(service.port) as connection:
        await connection.send(request(f"GET {POLL} HTTP/1.1"))
        _, _, body = await connection.answer()
    found = re.search(rb'"sid":"([^"]+)"', body)
    assert found
    return found[1].decode()


async def last(service: TestService, sent: bytes) -> tuple[int, bytes]:
    """The status of the answer, and what comes behind that until the connection is closed."""
    async with raw(service.port) as connection:
        return await answered(connection, sent), await connection.rest()


@pytest.mark.parametrize("path", PATHS.values(), ids=PATHS)
async def test_a_body_whose_end_is_in_doubt(service: TestService, path: str):
    """What comes behind it is no request."""
    line = f"POST {path.format(sid=await polled(service))} HTTP/1.1"
    sent = {
        name: request(line, *(one.encode().decode("latin-1") for one in headers), body=b"0\r\n\r\n")
        for name, headers in FRAMINGS.items()
    } | {
        name: request(line, "Transfer-Encoding: chunked", body=f"{size}\r\n".encode())
        for name, size in CHUNKS.items()
    }
    told = await asyncio.gather(*(last(service, one + GET) for one in sent.values()))
    assert dict(zip(sent, told, strict=True)) == dict.fromkeys(sent, (400, b""))


@pytest.mark.parametrize("path", [PATHS["turn"], PATHS["polling"]], ids=["turn", "polling"])
@pytest.mark.parametrize("length", ["0" * 5_000 + "5", "9" * 19], ids=["zeros", "nines"])
async def test_a_length_that_no_body_has(service: TestService, path: str, length: str):
    """5,000 digits were 500, and a trace in the log."""
    at = path.format(sid=await polled(service))
    async with raw(service.port) as connection:
        sent = request(f"POST {at} HTTP/1.1", f"Content-Length: {length}", body=BODY)
        assert await answered(connection, sent) == 413


async def test_a_length_with_zeros_in_front_is_one(service: TestService):
    bearer = f"Authorization: Bearer {token('alice')}"
    async with raw(service.port) as connection:
        sent = request("POST /v1/ice HTTP/1.1", bearer, f"Content-Length: {5:010}", body=BODY)
        assert await answered(connection, sent) == 405
        await connection.send(GET)
        assert (await connection.answer())[0] == 200


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("query", QUERIES.values(), ids=QUERIES)
async def test_a_query_of_nonsense(service: TestService, method: str, query: str):
    for path in (f"{POLL}&{query}", f"/v1/ice?{query}"):
        async with raw(service.port) as connection:
            await answered(connection, request(f"{method} {path} HTTP/1.1", "Content-Length: 0"))


@pytest.mark.parametrize("version", VERSIONS, ids=lambda version: version[:9])
async def test_a_version_that_is_none(service: TestService, version: str):
    for transport, headers in (("polling", b"Host: x\r\n"), ("websocket", HANDSHAKE)):
        line = f"GET /socket.io/?transport={transport}&EIO={version} HTTP/1.1\r\n"
        async with raw(service.port) as connection:
            assert await answered(connection, line.encode() + headers + b"\r\n") == 400


@pytest.mark.parametrize("path", ["/v1/ice", POLL, "/openapi.json", "/nowhere"])
@pytest.mark.parametrize("header", HEADERS.values(), ids=HEADERS)
async def test_a_header_of_nonsense(service: TestService, path: str, header: str):
    for method in ("GET", "OPTIONS"):
        async with raw(service.port) as connection:
            sent = request(f"{method} {path} HTTP/1.1", header)
            assert await answered(connection, sent, plainly=True) in {200, 400, 401, 403, 404, 405}


@pytest.mark.parametrize(("good", "odd"), HANDSHAKES.values(), ids=HANDSHAKES)
async def test_a_websocket_handshake_of_nonsense(service: TestService, good: str, odd: str):
    headers = HANDSHAKE.decode().replace(good, odd)
    async with raw(service.port) as connection:
        sent = f"GET {SOCKET} HTTP/1.1\r\n{headers}\r\n".encode("latin-1")
        assert await answered(connection, sent, plainly=True) in {101, 400, 426}


async def test_an_upgrade_of_what_polls(service: TestService):
    sid = await polled(service)
    for query in ("", f"&sid={sid}"):
        async with raw(service.port) as connection:
            line = f"GET {POLL}{query} HTTP/1.1\r\n".encode()
            assert await answered(connection, line + HANDSHAKE + b"\r\n") == 400


@pytest.mark.parametrize("line", LINES, ids=lambda line: repr(line[:40]))
async def test_a_request_line_of_nonsense(service: TestService, line: str):
    written = line.format(nul="\0", long="x" * 30_000)
    bearer = f"Authorization: Bearer {token('alice')}"
    async with raw(service.port) as connection:
        assert await answered(connection, request(written, bearer)) >= 400


@pytest.mark.parametrize(
    "accept", ["text/html;q=9e999", "\xff", "," * 9_000, "a/b;version=" + "9" * 5_000]
)
async def test_metrics_in_no_format(service: TestService, accept: str):
    async with raw(service.admin_port) as connection:
        sent = request("GET /metrics HTTP/1.1", f"Accept: {accept}")
        assert await asyncio.wait_for(answered(connection, sent), 20) == 200

"""What comes before a request's body and around it, without end, and by many at once."""

from loadtest.attack.attack import Attack, Scenario, crowd
from loadtest.attack.target import Target

_START = b"GET / HTTP/1.1\r\nHost: x\r\n"
_CHUNKED = b"POST /turn HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
_GET = b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n"
_UPGRADE = (
    b"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: x\r\n"
    b"Upgrade: websocket\r\nConnection: Upgrade\r\n"
)
_ALMOST = 31 * 1024
"""Bytes of headers that are within the bound."""


def _endless(start: bytes, piece: bytes) -> Scenario:
    async def one(target: Target, _: int) -> None:
        async with target.line() as line:
            await line.send(start)
            await line.pour(piece)

    return crowd(10, one)


def _halves(start: bytes) -> Scenario:
    """Heads that are almost too large, and do not end."""
    head = start + b"a: " + b"x" * (_ALMOST - len(start))

    async def one(target: Target, _: int) -> None:
        async with target.line() as line:
            await line.send(head)
            await line.closed()

    return crowd(2_000, one)


HEADS = [
    Attack(
        "headers", "short headers without end, on 10 connections", _endless(_START, b"a: b\r\n")
    ),
    Attack("header", "one header without end, on 10 connections", _endless(_START + b"a: ", b"x")),
    Attack("line", "a request line without end, on 10 connections", _endless(b"GET /", b"x")),
    Attack("trailers", "trailers without end", _endless(_CHUNKED + b"0\r\n", b"a: b\r\n")),
    Attack("extensions", "a chunk extension without end", _endless(_CHUNKED + b"1;", b"x")),
    Attack("chunks", "chunks of one byte without end", _endless(_CHUNKED, b"1\r\nx\r\n")),
    Attack("breaks", "line breaks between requests", _endless(_GET, b"\r\n")),
    Attack("pipelined", "requests without waiting for answers", _endless(b"", _GET)),
    Attack("half-heads", "2,000 heads of 31 KiB that do not end", _halves(_START)),
    Attack(
        "half-handshakes",
        "2,000 WebSocket handshakes of 31 KiB that do not end",
        _halves(_UPGRADE),
    ),
]

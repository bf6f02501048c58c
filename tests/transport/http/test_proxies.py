"""Who a client is behind trusted proxies, in either family, however an address is written."""

import pytest
from starlette.types import Message, Receive, Scope, Send

from service.transport.http.proxies import TrustedProxies

CLIENT = "198.51.100.7"


async def seen(peer: str, trusted: tuple[str, ...], forwarded: str) -> str:
    """The client's address as the service has it."""
    found = []

    async def app(scope: Scope, _receive: Receive, _send: Send) -> None:
        found.append(scope["client"][0])

    async def receive() -> Message:
        raise AssertionError

    async def send(_message: Message) -> None:
        raise AssertionError

    headers = [(b"host", b"x"), (b"x-forwarded-for", forwarded.encode())]
    scope = {"type": "http", "scheme": "http", "client": (peer, 1), "headers": headers}
    await TrustedProxies(app, trusted)(scope, receive, send)
    (address,) = found
    return str(address)


@pytest.mark.parametrize(
    ("peer", "trusted"),
    [
        ("10.0.0.1", "10.0.0.1"),
        ("::ffff:10.0.0.1", "10.0.0.1"),
        ("::ffff:a00:1", "10.0.0.0/8"),
        ("fd00::1", "fd00::1"),
        ("fd00:0:0::1", "fd00::/8"),
        ("::ffff:10.0.0.1", "::ffff:10.0.0.0/104"),
    ],
)
async def test_a_trusted_proxy_is_known_in_every_notation(peer: str, trusted: str):
    assert await seen(peer, (trusted,), CLIENT) == CLIENT
    assert await seen(peer, (trusted,), f"192.0.2.1, {CLIENT}, {peer}") == CLIENT


@pytest.mark.parametrize("peer", ["10.0.0.1", "::ffff:10.0.0.1", "fd00::1"])
async def test_another_is_not_believed(peer: str):
    shown = peer.removeprefix("::ffff:")
    assert await seen(peer, ("10.0.0.2", "fd00::2/128"), CLIENT) == shown
    assert await seen(peer, (), CLIENT) == shown


@pytest.mark.parametrize(
    ("written", "address"),
    [
        (f"::ffff:{CLIENT}", CLIENT),
        (f"[::ffff:{CLIENT}]:4711", CLIENT),
        (f"{CLIENT}:4711", CLIENT),
        ("2001:db8::7", "2001:db8::7"),
        ("[2001:db8::7]:4711", "2001:db8::7"),
        ("unknown:", "unknown:"),
    ],
)
async def test_a_client_of_ipv4_has_an_address_of_ipv4(written: str, address: str):
    assert await seen("10.0.0.1", ("10.0.0.0/8",), written) == address

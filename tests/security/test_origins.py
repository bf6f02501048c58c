"""Which pages may connect, and whose word counts about where a request comes from."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import aiohttp
import pytest

from tests.support.logged import Lines, logged
from tests.support.polling import Polling
from tests.support.service import TestService, running, token
from tests.support.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="function")
ALLOWED = "https://app.example"
EVIL = "https://evil.example"
FORGED = token("mallory")[:-4] + "AAAA"


@pytest.fixture
async def service() -> AsyncIterator[TestService]:
    async with running(cors_origins=(ALLOWED,)) as service:
        yield service


@pytest.fixture
def lines() -> Iterator[Lines]:
    with logged() as lines:
        yield lines


async def handshakes(service: TestService, **headers: str) -> tuple[int, int]:
    """The statuses of a WebSocket's handshake and of polling's."""
    websocket = await upgraded(service, **headers)
    url = f"{service.url}/socket.io/?EIO=4&transport=polling"
    async with aiohttp.request("GET", url, headers=headers) as answer:
        return websocket, answer.status


async def upgraded(service: TestService, **headers: str) -> int:
    """The status of a WebSocket's handshake, by hand: libraries send a Host of their own."""
    host = service.url.removeprefix("http://")
    own = {"Host": host, "Upgrade": "websocket", "Connection": "Upgrade",
           "Sec-WebSocket-Version": "13",
           "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}  # fmt: skip
    lines = "".join(f"{name}: {value}\r\n" for name, value in (own | headers).items())
    reader, writer = await asyncio.open_connection("127.0.0.1", service.port)
    writer.write(f"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\n{lines}\r\n".encode())
    status = int((await reader.readline()).split()[1])
    writer.close()
    await writer.wait_closed()
    return status


@pytest.mark.parametrize("origin", [ALLOWED, None], ids=["allowed", "none: no browser"])
async def test_admitted(service: TestService, origin: str | None):
    headers = {} if origin is None else {"Origin": origin}
    assert await handshakes(service, **headers) == (101, 200)


async def test_the_service_s_own_pages_are_admitted(service: TestService):
    assert await handshakes(service, Origin=service.url) == (101, 200)


@pytest.mark.parametrize(
    "origin",
    ["https://APP.example", f"{ALLOWED}:443", "app://-", "capacitor://localhost", "null", "file://",
     "chrome-extension://abcdefghijklmnop"],
)  # fmt: skip
async def test_listed_ones_are_admitted_however_they_are_written(origin: str):
    listed = (ALLOWED, "app://-", "capacitor://localhost", "null", "file://",
              "chrome-extension://abcdefghijklmnop")  # fmt: skip
    async with running(cors_origins=listed) as service:
        assert await handshakes(service, Origin=origin) == (101, 200)


@pytest.mark.parametrize(
    "origin",
    [EVIL, "null", "file://", "app://-", "", "https://app.example.evil.example",
     "http://app.example", ALLOWED + ":8443", "https://APP.example/", f"{ALLOWED} {EVIL}", "*"],
)  # fmt: skip
async def test_refused(service: TestService, origin: str):
    assert await handshakes(service, Origin=origin) == (403, 403)


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("app.example", "http://app.example"),
        ("app.example:80", "http://app.example"),
        ("app.example", "http://app.example:80"),
        ("APP.Example", "http://app.example"),
        ("app.example:8001", "HTTP://App.Example:8001"),
        ("[2001:db8::1]:8001", "http://[2001:DB8:0:0::1]:8001"),
    ],
)
async def test_one_s_own_origin_however_it_is_written(host: str, origin: str):
    async with running() as service:
        assert await handshakes(service, Host=host, Origin=origin) == (101, 200)


@pytest.mark.parametrize(
    ("told", "origin"),
    [
        ({"Proto": "https"}, "https://127.0.0.1"),
        ({"Proto": "https"}, "https://127.0.0.1:443"),
        ({"Proto": "HTTPS, http", "Host": "calls.example"}, "https://calls.example"),
        ({"Proto": "https", "Host": "Calls.example:443, inner:80"}, "https://calls.example"),
        ({"Proto": "wss", "Host": "calls.example:8443"}, "https://calls.example:8443"),
        ({"Proto": "https", "Host": "[2001:db8::1]"}, "https://[2001:db8::1]"),
        ({"Host": "calls.example"}, "http://calls.example"),
    ],
)
@pytest.mark.parametrize("trusted", [True, False])
async def test_one_s_own_origin_as_a_trusted_proxy_tells_it(
    told: dict[str, str], origin: str, *, trusted: bool
):
    proxies = ("127.0.0.0/8",) if trusted else ("192.0.2.1",)
    async with running(trusted_proxies=proxies) as service:
        headers = {f"X-Forwarded-{name}": value for name, value in told.items()}
        statuses = await handshakes(service, Host="127.0.0.1", Origin=origin, **headers)
        assert statuses == ((101, 200) if trusted else (403, 403))


@pytest.mark.parametrize("told", [{"Host": "calls.example/", "Proto": "gopher"}, {"Host": ""}])
async def test_what_makes_no_sense_of_a_proxy_s_counts_for_nothing(told: dict[str, str]):
    async with running(trusted_proxies=("127.0.0.1",)) as service:
        headers = {f"X-Forwarded-{name}": value for name, value in told.items()}
        assert await handshakes(service, Origin=service.url, **headers) == (101, 200)


async def test_a_page_cannot_say_that_it_comes_through_a_proxy():
    async with running(trusted_proxies=("127.0.0.1",)) as service:
        headers = {
            "Origin": EVIL,
            "Access-Control-Request-Method": "GET",
            "Access-Control-Request-Headers": "x-forwarded-host",
        }
        url = f"{service.url}/socket.io/?EIO=4&transport=polling"
        async with aiohttp.request("OPTIONS", url, headers=headers) as answer:
            assert answer.status == 400
            assert "Access-Control-Allow-Origin" not in answer.headers


async def test_polls_of_another_origin_are_refused_too(service: TestService):
    async with aiohttp.ClientSession() as http:
        alice = await Polling.handshake(http, service.port)
        url = f"{service.url}/socket.io/?EIO=4&transport=polling&sid={alice.sid}"
        for method in ("GET", "POST"):
            async with http.request(method, url, headers={"Origin": EVIL}, data="3") as answer:
                assert answer.status == 403
        await alice.join(token("alice"), "alice")


@pytest.mark.parametrize("path", ["/socket.io", "/socket.io/", "/socket.io/x", "/%73ocket.io"])
async def test_every_spelling_of_the_path_is_guarded(service: TestService, path: str):
    url = f"{service.url}{path}?EIO=4&transport=polling"
    from yarl import URL  # noqa: PLC0415

    async with aiohttp.request("GET", URL(url, encoded=True), headers={"Origin": EVIL}) as answer:
        assert answer.status == 403


async def test_any_origin_is_admitted_when_asked_for():
    async with running(cors_origins=("*",)) as service:
        assert await handshakes(service, Origin=EVIL) == (101, 200)


@pytest.mark.parametrize(("proxies", "senders"), [((), 1), (("127.0.0.1",), 3)])
async def test_a_forwarded_address_counts_only_from_a_trusted_proxy(
    proxies: tuple[str, ...], senders: int
):
    async with running(trusted_proxies=proxies) as service:
        for number in range(3):
            headers = {
                "Authorization": f"Bearer {FORGED}",
                "X-Forwarded-For": f"203.0.113.{number}",
            }
            await fetch(service, **headers)
        assert len(service.node.connections._authenticator.offenders._senders) == senders


class TestRefusalsInTheLog:
    async def test_the_sentence_that_mends_it_on_every_transport(self, lines: Lines):
        async with running(cors_origins=(ALLOWED,)) as service:
            for over in ("websocket", "polling", "http"):
                origin = f"https://{over}.example"
                if over == "http":
                    await fetch(service, Origin=origin)
                elif over == "polling":
                    await fetch(service, "/socket.io/?EIO=4&transport=polling", Origin=origin)
                else:
                    await handshakes(service, Origin=origin)
                line = await told(lines, origin)
                assert (line["level"], line["over"]) == ("info", over)
                assert line["hint"].startswith(f"Add {origin} to RINGLINE_CORS_ORIGINS")

    async def test_a_proxy_that_is_not_trusted_is_what_to_mend(self, lines: Lines):
        async with running() as service:
            own = service.url.replace("http:", "https:")
            await handshakes(service, Origin=own)
            forwarded = {"X-Forwarded-Host": "calls.example"}
            await handshakes(service, Origin="https://calls.example", **forwarded)
            for origin in (own, "https://calls.example"):
                assert "RINGLINE_TRUSTED_PROXIES" in (await told(lines, origin))["hint"]

    async def test_what_is_listed_or_own_or_none_is_not_told(self, lines: Lines):
        async with running(cors_origins=(ALLOWED,)) as service:
            for headers in ({}, {"Origin": ALLOWED}, {"Origin": service.url}):
                await handshakes(service, **headers)
                await fetch(service, **headers)
        assert lines.of("origin.refused") == []

    async def test_many_take_little(self, lines: Lines):
        begun = time.monotonic()
        async with running() as service:
            for number in range(20):
                await fetch(service, Origin=f"https://{number}.example")
            await told(lines, "https://19.example")
        refused = lines.of("origin.refused")
        assert sum(1 + line.get("more", 0) for line in refused) == 20
        assert len(refused) <= 2 + time.monotonic() - begun

    @pytest.mark.parametrize(
        "origin", ["x" * 5_000, "\x80\x9b31m\xad", "https://evil.example/path"]
    )
    async def test_what_is_shown_is_short_and_printable(self, lines: Lines, origin: str):
        async with running() as service:
            reader, writer = await asyncio.open_connection("127.0.0.1", service.port)
            writer.write(b"GET /v1/ice HTTP/1.1\r\nHost: x\r\nOrigin: ")
            writer.write(origin.encode("latin-1") + b"\r\n\r\n")
            assert (await reader.readline()).split()[1] == b"401"
            writer.close()
            await writer.wait_closed()
        (line,) = lines.of("origin.refused")
        assert len(line["origin"]) <= 200
        assert line["origin"].isprintable()
        assert line["hint"].startswith("It is not an origin")


async def told(lines: Lines, origin: str) -> dict[str, Any]:
    """The line about an origin, which may come a second late."""

    def found() -> list[dict[str, Any]]:
        return [line for line in lines.of("origin.refused") if line["origin"] == origin]

    await until(found, origin)
    return found()[0]


async def fetch(service: TestService, path: str = "/v1/ice", **headers: str) -> None:
    async with aiohttp.request("GET", service.url + path, headers=headers) as answer:
        await answer.read()

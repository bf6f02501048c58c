"""Which pages may connect, and whose word counts about where a request comes from."""

from collections.abc import AsyncIterator

import aiohttp
import pytest
from websockets.exceptions import InvalidStatus

from tests.support.polling import Polling
from tests.support.service import TestService, running, token

pytestmark = pytest.mark.asyncio(loop_scope="function")
ALLOWED = "https://app.example"
EVIL = "https://evil.example"
FORGED = token("mallory")[:-4] + "AAAA"


@pytest.fixture
async def service() -> AsyncIterator[TestService]:
    async with running(cors_origins=(ALLOWED,)) as service:
        yield service


async def handshakes(service: TestService, **headers: str) -> tuple[int, int]:
    """The statuses of a WebSocket's handshake and of polling's."""
    try:
        await service.open(additional_headers=headers)
    except InvalidStatus as refused:
        websocket = refused.response.status_code
    else:
        websocket = 101
    url = f"{service.url}/socket.io/?EIO=4&transport=polling"
    async with aiohttp.request("GET", url, headers=headers) as answer:
        return websocket, answer.status


@pytest.mark.parametrize("origin", [ALLOWED, None], ids=["allowed", "none: no browser"])
async def test_admitted(service: TestService, origin: str | None):
    headers = {} if origin is None else {"Origin": origin}
    assert await handshakes(service, **headers) == (101, 200)


async def test_the_service_s_own_pages_are_admitted(service: TestService):
    assert await handshakes(service, Origin=service.url) == (101, 200)


@pytest.mark.parametrize(
    "origin",
    [EVIL, "null", "", "https://app.example.evil.example", "http://app.example", ALLOWED + ":8443",
     "https://APP.example/", f"{ALLOWED} {EVIL}", "*"],
)  # fmt: skip
async def test_refused(service: TestService, origin: str):
    assert await handshakes(service, Origin=origin) == (403, 403)


@pytest.mark.parametrize("proxies", [(), ("127.0.0.1",)], ids=["untrusted", "trusted"])
async def test_a_forwarded_host_makes_no_origin_one_s_own(proxies: tuple[str, ...]):
    async with running(cors_origins=(ALLOWED,), trusted_proxies=proxies) as service:
        forwarded = {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https"}
        assert await handshakes(service, Origin=EVIL, **forwarded) == (403, 403)
        host = {"Forwarded": "host=evil.example;proto=https"}
        assert await handshakes(service, Origin=EVIL, **host) == (403, 403)


@pytest.mark.parametrize(("proxies", "status"), [((), 403), (("127.0.0.0/8",), 200)])
async def test_behind_tls_one_s_own_origin_needs_a_trusted_proxy(
    proxies: tuple[str, ...], status: int
):
    async with running(trusted_proxies=proxies) as service:
        own = service.url.replace("http:", "https:")
        _, polling = await handshakes(service, Origin=own, **{"X-Forwarded-Proto": "https"})
        assert polling == status


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


@pytest.mark.parametrize(("proxies", "same"), [((), True), (("127.0.0.1",), False)])
async def test_a_forwarded_address_counts_only_from_a_trusted_proxy(
    proxies: tuple[str, ...], *, same: bool
):
    async with running(trusted_proxies=proxies, rate_limit_scale=0.1) as service:
        async with aiohttp.ClientSession() as http:
            statuses = []
            for number in range(3):  # two forgeries are one sender's fill here
                headers = {
                    "Authorization": f"Bearer {FORGED}",
                    "X-Forwarded-For": f"203.0.113.{number}",
                }
                async with http.get(f"{service.url}/v1/ice", headers=headers) as answer:
                    statuses.append(answer.status)
        assert statuses == [401, 401, 429 if same else 401]

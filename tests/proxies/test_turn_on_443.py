"""TURN over TLS and HTTPS on one port 443, by HAProxy as docs/deploy.md has it.

The network is the tests' own, so that the port is 443 and the names are those of the page.
"""

import asyncio
import hashlib
import socket
import ssl
from base64 import b64encode
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
import trustme
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from playwright.async_api import Page
from pydantic import SecretStr

from service.turn.allocation import Address, Arrivals, allocated, exchange
from tests.docs.pages import ROOT, blocks, section
from tests.proxies.fronts import certificate, proxy
from tests.proxies.test_http2 import CLIENT, CONNECT
from tests.support.browser import chromium
from tests.support.coturn_entrypoint import ADDRESS, Deployed, certified, deployed
from tests.support.network import Network, inside
from tests.support.network import network as own_network
from tests.support.service import running, token
from tests.support.waiting import PATIENCE_S

pytestmark = pytest.mark.e2e

(PAGE,) = blocks(section(ROOT / "docs" / "deploy.md", "TURN on port 443"), "haproxy")
URL = "turns:turn.example.org:443?transport=tcp"
AT = Address("turn.example.org", 443, "tcp", tls=True)
VISITOR = "198.51.100.7"
SHARED = "shared-" + "s" * 32
TURN = trustme.CA()
"""Who signs coturn's certificate, and not that of HTTPS: so one sees who answers."""
RELAYED = """async (iceServers) => {
  const configuration = { iceServers, iceTransportPolicy: "relay" };
  const [one, two] = [0, 1].map(() => new RTCPeerConnection(configuration));
  one.onicecandidate = ({ candidate }) => two.addIceCandidate(candidate);
  two.onicecandidate = ({ candidate }) => one.addIceCandidate(candidate);
  const heard = new Promise((resolve) => {
    two.ondatachannel = ({ channel }) => { channel.onmessage = ({ data }) => resolve(data); };
  });
  const channel = one.createDataChannel("talk");
  channel.onopen = () => channel.send("hello");
  await one.setLocalDescription();
  await two.setRemoteDescription(one.localDescription);
  await two.setLocalDescription();
  await one.setRemoteDescription(two.localDescription);
  const said = await heard;
  const stats = [...(await one.getStats()).values()];
  const pair = stats.find(({ type, nominated }) => type === "candidate-pair" && nominated);
  const local = stats.find(({ id }) => id === pair.localCandidateId);
  return [said, local.candidateType, local.relayProtocol, local.url];
}"""
ICE = """async (token) => (await (await fetch("/v1/ice", {
  headers: { Authorization: `Bearer ${token}` },
})).json()).iceServers"""


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    """One where the names of the page lead to the one address."""
    with own_network(f"{ADDRESS}/24", f"{VISITOR}/32") as made:
        made.know(
            tmp_path_factory.mktemp("network"),
            dict.fromkeys(("calls.example.org", "turn.example.org"), ADDRESS),
        )
        yield made


@pytest.fixture
def coturn(network: Network, tmp_path: Path) -> Iterator[Deployed]:
    told = {"ALLOWED_PEER_IP": ADDRESS, **certified(tmp_path, TURN)}
    with deployed(network, tmp_path, SHARED, **told) as server:
        yield server


@asynccontextmanager
async def shared(folder: Path, node: int, idle: str = "50s") -> AsyncIterator[Path]:
    """The page's HAProxy before the service at a port; gives what its HTTPS is trusted by."""
    (folder / "proxy").mkdir()
    trust = certificate(folder / "proxy", "calls.example.org")
    configuration = (
        PAGE.replace("203.0.113.7:5349", f"{ADDRESS}:5349")
        .replace("127.0.0.1:8001", f"127.0.0.1:{node}")
        .replace("/etc/haproxy/calls.pem", str(folder / "proxy" / "calls.pem"))
        .replace("50s", idle)
    )
    async with proxy("haproxy", configuration, 443, folder / "proxy"):
        yield trust


@inside
async def test_a_browser_calls_and_relays_over_port_443_alone(
    network: Network, coturn: Deployed, tmp_path: Path
):
    if not CLIENT.exists():
        pytest.skip("socket.io-client is not installed; run: npm ci --prefix tests/e2e")
    async with (
        running(
            trusted_proxies=("127.0.0.1",), turn_secret=(SecretStr(SHARED),), turn_urls=(URL,)
        ) as service,
        shared(tmp_path, service.port),
        chromium(
            f"--ignore-certificate-errors-spki-list={','.join(map(pin, certificates(tmp_path)))}"
        ) as browser,
    ):
        page = await (await browser.new_context(bypass_csp=True)).new_page()
        await page.goto("https://calls.example.org/docs")
        await connects(page)
        servers = await page.evaluate(ICE, token("alice"))
        assert [server["urls"] for server in servers if "credential" in server] == [[URL]]
        said = await asyncio.wait_for(page.evaluate(RELAYED, servers), PATIENCE_S)
        assert said == ["hello", "relay", "tls", URL]


async def connects(page: Page) -> None:
    """The stock client does, by polling, by WebSocket and from one to the other."""
    await page.evaluate(CLIENT.read_text(encoding="utf-8"))
    for transports in (["polling"], ["websocket"], ["polling", "websocket"]):
        given = ["alice", token("alice"), transports, "/socket.io/"]
        assert await page.evaluate(CONNECT, given) == transports[-1]


def certificates(folder: Path) -> list[Path]:
    """Of HTTPS and of TURN."""
    return [folder / "proxy" / "chain.pem", folder / "tls.crt"]


def pin(path: Path) -> str:
    """What Chromium knows a certificate by: SHA-256 of its public key."""
    key = x509.load_pem_x509_certificate(path.read_bytes()).public_key()
    der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return b64encode(hashlib.sha256(der).digest()).decode()


@inside
async def test_relays_outlast_the_time_that_ends_silent_requests(
    network: Network, coturn: Deployed, tmp_path: Path
):
    arrivals: Arrivals = asyncio.Queue()
    trust = ssl.create_default_context()
    TURN.configure_trust(trust)
    credential = coturn.credential(SHARED)
    async with (
        shared(tmp_path, 8001, idle="1s"),
        allocated(credential, AT, arrivals, trust) as one,
        allocated(credential, AT, arrivals, trust) as two,
        asyncio.timeout(PATIENCE_S),
    ):
        await asyncio.sleep(3)  # three times as long as a silent request may live
        await exchange(one, two, arrivals)


@inside
async def test_what_does_not_ask_for_turn_gets_https(
    network: Network, coturn: Deployed, tmp_path: Path
):
    async with shared(tmp_path, 8001) as https:
        for turn in ("turn.example.org", "TURN.example.org"):
            assert await asyncio.to_thread(answers_as, TURN.cert_pem.bytes().decode(), turn)
        for other in ("calls.example.org", "turn.example.com", "sturn.example.org", None):
            assert await asyncio.to_thread(answers_as, https.read_text(), other)


def answers_as(authority: str, name: str | None) -> bool:
    """Whether who answers on port 443 for a name (SNI) has a certificate of that authority."""
    context = ssl.create_default_context(cadata=authority)
    context.check_hostname = False
    with (
        socket.create_connection((ADDRESS, 443), PATIENCE_S) as plain,
        context.wrap_socket(plain, server_hostname=name) as wrapped,
    ):
        return wrapped.version() is not None


@inside
async def test_the_service_is_told_who_asks(network: Network, tmp_path: Path):
    async def forwarded(request: web.Request) -> web.Response:
        names = ("X-Forwarded-For", "X-Forwarded-Proto")
        return web.json_response([request.headers[name] for name in names])

    echo = web.Application()
    echo.router.add_get("/", forwarded)
    runner = web.AppRunner(echo)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        async with (
            shared(tmp_path, runner.addresses[0][1]) as trust,
            aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    local_addr=(VISITOR, 0), ssl=ssl.create_default_context(cafile=trust)
                )
            ) as http,
            http.get("https://calls.example.org/") as answer,
        ):
            assert await answer.json() == [VISITOR, "https"]
    finally:
        await runner.cleanup()

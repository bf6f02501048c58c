"""The TURN probe against a real coturn, well and ill."""

import asyncio
import socket
import subprocess
import sys
import time
from dataclasses import FrozenInstanceError

import pytest

from service.errors import TurnUnavailable
from service.ids import PROBE_USER
from service.ports import IceServer
from service.turn.allocation import Address, address
from service.turn.probe import Probed, probe, probe_server, turn_server
from service.turn.servers import TurnServers
from tests.support.authority import bare, strict
from tests.support.coturn import TurnServer, coturn
from tests.support.turn_servers import turn_servers
from tests.support.waiting import PATIENCE_S, until
from tests.turn.middlemen import is_data, tls_before, tls_with, udp_between

__all__ = ["strict"]

pytestmark = pytest.mark.e2e

SECRET, OTHER = "north-" + "n" * 32, "south-" + "s" * 32
SHORT_S = 0.7


async def relaying_fails(ice: TurnServers) -> None:
    """Relays open and nothing comes through; when opening took longer, there is more time again."""
    timeout_s = SHORT_S
    while failure(await probe(ice, now(), timeout_s=timeout_s)) != ("relay", "timeout"):
        assert timeout_s < PATIENCE_S
        timeout_s *= 2


@pytest.fixture
def server():
    """Of each test its own: coturn keeps a client's port to one user for a minute."""
    with coturn(SECRET) as running:
        yield running


def now() -> int:
    return time.time_ns() // 1_000_000


def source(*urls: str, secret: str = SECRET, **options) -> TurnServers:
    return turn_servers(turn_secret=[secret], turn_urls=urls, **options)


def url(server: TurnServer, transport: str = "udp", port: int | None = None) -> str:
    return f"turn:127.0.0.1:{port or server.port}?transport={transport}"


def failure(probed: Probed) -> tuple[str | None, str | None]:
    assert not probed.ok
    return probed.stage, probed.reason


def relays(server: TurnServer) -> tuple[int, int]:
    """How many relays a verbose coturn has opened, and how many were given back."""
    return server.log.count(": new, realm="), server.log.count(", lifetime=0")


async def given_back(server: TurnServer) -> None:
    """Both relays were opened and given back; coturn's log may be a moment late."""
    await until(lambda: relays(server) == (2, 2), "both relays given back")


class TestSuccess:
    @pytest.mark.parametrize("transport", ["udp", "tcp"])
    async def test_a_packet_goes_from_relay_to_relay(self, server, transport):
        before = time.perf_counter()
        probed = await probe(source(url(server, transport)), now())
        took = time.perf_counter() - before

        assert probed.ok
        assert (probed.stage, probed.reason) == (None, None)
        assert 0 < probed.seconds <= took

    async def test_over_tls(self, server):
        async with tls_before(server.port, "localhost") as (port, trust):
            (minted,) = source(f"turns:localhost:{port}").servers(PROBE_USER, now()).servers
            assert (await probe_server(minted, tls=trust)).ok

    @pytest.mark.usefixtures("strict")
    async def test_over_tls_of_an_authority_without_key_usage(self, server, tmp_path, monkeypatch):
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.crt"))
        async with tls_with(bare(tmp_path, "127.0.0.1"), server.port) as port:
            assert (await probe(source(f"turns:127.0.0.1:{port}"), now())).ok

    async def test_as_a_pseudonym(self, server):
        assert (await probe(source(url(server), turn_username="hmac"), now())).ok

    async def test_the_first_url_is_probed(self, server):
        gone = source(url(server), url(server, port=1))
        assert (await probe(gone, now())).ok
        swapped = source(url(server, port=1), url(server))
        assert not (await probe(swapped, now(), timeout_s=SHORT_S)).ok

    async def test_the_server_sees_the_user_of_probes(self):
        with coturn(SECRET, extra=["verbose"]) as talkative:
            await probe(source(url(talkative)), now())
            assert f":{PROBE_USER}>: incoming packet ALLOCATE processed, success" in talkative.log

    async def test_a_lost_packet_is_sent_again(self, server):
        lost: list[bytes] = []

        def passes(datagram: bytes) -> bool:
            if is_data(datagram) and len(lost) < 2:
                lost.append(datagram)
                return False
            return True

        async with udp_between(server.port, passes) as port:
            probed = await probe(source(url(server, port=port)), now())
        assert len(lost) == 2
        assert probed.ok
        assert probed.seconds >= 0.1

    async def test_its_relays_are_given_back(self):
        with coturn(SECRET, extra=["verbose"]) as talkative:
            assert (await probe(source(url(talkative)), now())).ok
            await given_back(talkative)


class TestFailure:
    async def test_a_wrong_secret(self, server):
        probed = await probe(source(url(server), secret=OTHER), now())
        assert failure(probed) == ("allocate", "401")

    async def test_an_expired_credential(self, server):
        probed = await probe(source(url(server), turn_ttl=60), now() - 3_600_000)
        assert failure(probed) == ("allocate", "401")

    async def test_the_credential_is_in_no_word_of_it(self, server):
        ice = source(url(server), secret=OTHER)
        (minted,) = ice.servers(PROBE_USER, now()).servers
        assert minted.credential is not None
        assert minted.credential not in repr(await probe_server(minted))

    async def test_nobody_answers(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
            silent.bind(("127.0.0.1", 0))
            ice = source(f"turn:127.0.0.1:{silent.getsockname()[1]}")
            before = time.perf_counter()
            probed = await probe(ice, now(), timeout_s=SHORT_S)
            took = time.perf_counter() - before
        assert failure(probed) == ("allocate", "timeout")
        assert SHORT_S <= probed.seconds <= took < SHORT_S + 10

    async def test_a_tcp_port_that_is_closed(self):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        probed = await probe(source(f"turn:127.0.0.1:{port}?transport=tcp"), now())
        assert failure(probed) == ("allocate", "unreachable")

    async def test_a_name_that_is_not_known(self):
        probed = await probe(source("turn:turn.invalid"), now())
        assert failure(probed) == ("resolve", "unknown_host")

    async def test_a_certificate_that_nobody_trusts(self, server):
        async with tls_before(server.port, "localhost") as (port, _):
            probed = await probe(source(f"turns:localhost:{port}"), now())
        assert failure(probed) == ("allocate", "certificate")

    async def test_a_certificate_for_another_name(self, server):
        async with tls_before(server.port, "turn.example.org") as (port, trust):
            (minted,) = source(f"turns:localhost:{port}").servers(PROBE_USER, now()).servers
            probed = await probe_server(minted, tls=trust)
        assert failure(probed) == ("allocate", "certificate")

    async def test_only_urls_of_dtls(self):
        probed = await probe(source("turns:127.0.0.1?transport=udp"), now())
        assert failure(probed) == ("resolve", "unsupported")

    async def test_a_quota_that_one_relay_fills(self):
        with coturn(SECRET, extra=["user-quota=1"]) as narrow:
            probed = await probe(source(url(narrow)), now())
        assert failure(probed) == ("allocate", "486")

    async def test_relays_that_pass_nothing_on(self, server):
        async with udp_between(server.port, lambda datagram: not is_data(datagram)) as port:
            await relaying_fails(source(url(server, port=port)))

    async def test_relays_that_opened_are_given_back(self):
        with coturn(SECRET, extra=["verbose"]) as talkative:
            async with udp_between(talkative.port, lambda data: not is_data(data)) as port:
                await relaying_fails(source(url(talkative, port=port)))
            await given_back(talkative)

    async def test_so_they_are_when_the_probe_is_stopped(self):
        sent: list[bytes] = []

        def passes(datagram: bytes) -> bool:
            sent.extend([datagram] * is_data(datagram))
            return not is_data(datagram)

        with coturn(SECRET, extra=["verbose"]) as talkative:
            async with udp_between(talkative.port, passes) as port:
                running = asyncio.create_task(probe(source(url(talkative, port=port)), now()))
                await until(lambda: sent, "a packet over both relays")
                running.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await running
            await given_back(talkative)


class TestPolicy:
    """A server that denies private peers must except its own relay address."""

    DENIED = "denied-peer-ip=127.0.0.0-127.255.255.255"

    async def test_its_own_address_is_denied(self):
        with coturn(SECRET, extra=[self.DENIED, "verbose"]) as strict:
            assert failure(await probe(source(url(strict)), now())) == ("relay", "403")
            await given_back(strict)

    async def test_its_own_address_is_excepted(self):
        with coturn(SECRET, extra=[self.DENIED, "allowed-peer-ip=127.0.0.1"]) as strict:
            assert (await probe(source(url(strict)), now())).ok


class TestNoServer:
    async def test_stun_alone(self):
        with pytest.raises(TurnUnavailable):
            await probe(turn_servers(stun_urls=["stun:127.0.0.1"]), now())

    def test_the_one_with_a_credential_is_the_turn_server(self):
        stun, turn = IceServer(("stun:a",)), IceServer(("turn:a",), "u", "c")
        assert turn_server([stun, turn]) is turn
        assert turn_server([stun]) is None


@pytest.mark.parametrize(
    ("given", "leads"),
    [
        ("turn:a", Address("a", 3478, "udp", tls=False)),
        ("turn:a.example.org:1", Address("a.example.org", 1, "udp", tls=False)),
        ("turn:a?transport=udp", Address("a", 3478, "udp", tls=False)),
        ("turn:a:443?transport=tcp", Address("a", 443, "tcp", tls=False)),
        ("turns:a", Address("a", 5349, "tcp", tls=True)),
        ("turns:a:443?transport=tcp", Address("a", 443, "tcp", tls=True)),
        ("turn:[2001:db8::1]:9", Address("2001:db8::1", 9, "udp", tls=False)),
        ("turn:[2001:db8::1]", Address("2001:db8::1", 3478, "udp", tls=False)),
        ("turns:a?transport=udp", None),
        ("stun:a", None),
        ("turn:", None),
    ],
)
def test_where_a_url_leads(given, leads):
    assert address([given]) == leads


def test_the_first_url_that_can_be_probed_is_taken():
    assert address(["turns:a?transport=udp", "turn:b", "turn:c"]) == address(["turn:b"])


def test_the_result_is_a_value():
    probed = Probed(0.1, "allocate", "401")
    assert probed == Probed(0.1, "allocate", "401")
    with pytest.raises(FrozenInstanceError):
        probed.reason = None  # type: ignore[misc]


def test_a_service_that_probes_nothing_does_not_load_the_library():
    script = (
        "import sys; import service.turn.probe, service.node;"
        "sys.exit('loaded' if 'aioice' in sys.modules else 0)"
    )
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, check=False)
    assert (told.returncode, told.stderr) == (0, b"")

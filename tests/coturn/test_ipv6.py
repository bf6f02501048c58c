"""Whom a relay with an IPv6 address reaches. coturn's own client asks for one; aioice cannot."""

import socket
import subprocess
from pathlib import Path

import pytest

from tests.coturn.conftest import NORTH
from tests.support.coturn_entrypoint import ADDRESS, Deployed, deployed
from tests.support.network import Network
from tests.support.network import network as own_network

pytestmark = pytest.mark.e2e

OWN = "fd77::1"
PUBLIC = "2a00:1::1"
SPECIAL = {
    "loopback": "::1",
    "private": OWN,
    "link-local": "fe80::1",
    "documentation": "2001:db8::1",
    "NAT64": "64:ff9b::a00:1",
    "6to4": "2002:a00:1::1",
    "multicast": "ff02::1",
    "::ffff: loopback": "::ffff:127.0.0.1",
    "::ffff: private": "::ffff:10.1.2.3",
    "::ffff: link-local": "::ffff:169.254.1.1",
    "::ffff: metadata": "::ffff:169.254.169.254",
    "::ffff: CGNAT": "::ffff:100.64.0.1",
    "::ffff: multicast": "::ffff:224.0.0.1",
}


@pytest.fixture(scope="module")
def network():
    if not Path("/proc/net/if_inet6").exists():
        pytest.skip("this kernel has no IPv6; load its module: modprobe ipv6")
    with own_network(f"{ADDRESS}/24", f"{OWN}/64", f"{PUBLIC}/64") as made:
        yield made


@pytest.fixture(scope="module")
def coturn(network, tmp_path_factory):
    both = f"{ADDRESS},{OWN}"
    with deployed(
        network, tmp_path_factory.mktemp("coturn"), NORTH, LISTENING_IP=both, RELAY_IP=both
    ) as server:
        yield server


def client(peer: str, port: int) -> list[str]:
    """Have one packet sent to a peer over a relay that has an IPv6 address."""
    return ["turnutils_uclient", "-x", "-X", "-W", NORTH, "-u", "alice", "-e", peer,
            "-r", str(port), "-n", "1", "-m", "1", ADDRESS]  # fmt: skip


def refused(peer: str) -> str:
    """What the client says about a peer that it may not send to."""
    return subprocess.run(
        client(peer, 9), capture_output=True, text=True, check=False, timeout=30
    ).stdout


def source_of_a_packet_to(peer: str) -> str:
    """The address that a peer sees when the client has sent."""
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as there:
        there.bind((peer, 0))
        there.settimeout(30)
        sender = subprocess.Popen(client(peer, there.getsockname()[1]), stdout=subprocess.DEVNULL)
        try:
            return str(there.recvfrom(2048)[1][0])
        finally:
            sender.kill()
            sender.wait()


@pytest.mark.parametrize("peer", SPECIAL.values(), ids=SPECIAL)
def test_a_peer_that_is_not_public_is_403(network: Network, coturn: Deployed, peer):
    assert "channel bind: error 403 " in network.call(refused, peer)


def test_a_public_peer_is_reached_from_the_relay(network: Network, coturn: Deployed):
    assert network.call(source_of_a_packet_to, PUBLIC) == OWN

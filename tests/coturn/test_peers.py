"""Whom a relay reaches under the deny list of production."""

from ipaddress import ip_address, ip_network

import pytest

from tests.coturn.conftest import NORTH
from tests.coturn.peers import PUBLIC, caller, listener, refused_peer
from tests.support.coturn_entrypoint import ADDRESS, Deployed, deployed
from tests.support.network import Network, inside

pytestmark = pytest.mark.e2e

SPECIAL = {
    "this network": "0.0.0.1",
    "private, 10": "10.1.2.3",
    "private, 172.16": "172.16.0.1",
    "private, 172.31": "172.31.255.254",
    "private, 192.168": "192.168.1.1",
    "CGNAT": "100.64.0.1",
    "loopback": "127.0.0.1",
    "all of loopback": "127.255.255.254",
    "link-local": "169.254.1.1",
    "metadata": "169.254.169.254",
    "benchmarks": "198.19.255.255",
    "documentation": "203.0.113.9",
    "multicast": "224.0.0.1",
    "multicast, 239": "239.255.255.250",
    "reserved": "240.0.0.1",
    "broadcast": "255.255.255.255",
    "the relay address": ADDRESS,
}
RANGES = """
0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24
192.0.2.0/24 192.31.196.0/24 192.52.193.0/24 192.88.99.0/24 192.168.0.0/16 192.175.48.0/24
198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 240.0.0.0/4 ::1/128 64:ff9b::/96
64:ff9b:1::/48 100::/64 100:0:0:1::/64 2001::/23 2001:db8::/32 2002::/16 2620:4f:8000::/48 3fff::/20
5f00::/16 fc00::/7 fe80::/10 ::ffff:0:0/96
"""


@pytest.fixture(scope="module")
def coturn(network: Network, tmp_path_factory):
    folder = tmp_path_factory.mktemp("coturn")
    with deployed(network, folder, NORTH, DENIED_PEERS="11.22.44.4/30, 9.9.9.1-9.9.9.5") as server:
        yield server


@pytest.mark.parametrize("peer", SPECIAL.values(), ids=SPECIAL)
@inside
async def test_a_peer_that_is_not_public_is_403(network, coturn: Deployed, peer):
    async with caller(coturn.credential(NORTH)) as alice:
        assert await refused_peer(alice, peer) == 403


@pytest.mark.parametrize(
    ("peer", "code"),
    [("11.22.44.3", None), ("11.22.44.4", 403), ("11.22.44.7", 403), ("11.22.44.8", None),
     ("9.9.9.0", None), ("9.9.9.1", 403), ("9.9.9.5", 403), ("9.9.9.6", None)],
)  # fmt: skip
@inside
async def test_the_clusters_own_ranges_are_403_to_their_very_edges(
    network, coturn: Deployed, peer, code
):
    async with caller(coturn.credential(NORTH)) as alice:
        assert await refused_peer(alice, peer) == code


@inside
async def test_a_public_peer_passes(network, coturn: Deployed):
    async with listener(PUBLIC) as (somebody, port), caller(coturn.credential(NORTH)) as alice:
        assert await refused_peer(alice, PUBLIC, port) is None
        assert await somebody.heard.get() == (b"hello", alice.allocation.address)


def test_every_special_range_is_denied_and_nothing_else(coturn: Deployed):
    denied = [
        line.removeprefix("denied-peer-ip=").split("-")
        for line in coturn.configuration
        if line.startswith("denied-peer-ip=")
    ]
    ours = {("11.22.44.4", "11.22.44.7"), ("9.9.9.1", "9.9.9.5")}
    special = {(str(net[0]), str(net[-1])) for net in map(ip_network, RANGES.split())}
    found = {(str(ip_address(ends[0])), str(ip_address(ends[-1]))) for ends in denied}
    assert found == special | ours

"""Two users who both need the relay meet at one coturn, under the deny list of production."""

import pytest
from aioice.stun import TransactionFailed

from tests.coturn.conftest import NORTH
from tests.coturn.peers import PUBLIC, caller, refused_peer
from tests.support.coturn_entrypoint import ADDRESS, Deployed, deployed
from tests.support.network import Network

pytestmark = pytest.mark.e2e

WAYS = {"external-ip": {"EXTERNAL_IP": PUBLIC}, "allowed-peer-ip": {"ALLOWED_PEER_IP": ADDRESS}}


async def meet(coturn: Deployed) -> None:
    async with (
        caller(coturn.credential(NORTH, "alice")) as alice,
        caller(coturn.credential(NORTH, "bob")) as bob,
    ):
        await alice.reaches(bob)


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_they_reach_each_other(network: Network, tmp_path, way):
    with deployed(network, tmp_path, NORTH, **way) as coturn:
        assert "allow-loopback-peers" not in coturn.configuration
        assert "denied-peer-ip=10.0.0.0-10.255.255.255" in coturn.configuration
        network.run(meet(coturn))


def test_the_exception_is_for_that_address_alone(network: Network, tmp_path):
    with deployed(network, tmp_path, NORTH, ALLOWED_PEER_IP=ADDRESS) as coturn:

        async def look() -> None:
            async with caller(coturn.credential(NORTH)) as alice:
                assert await refused_peer(alice, ADDRESS) is None
                assert await refused_peer(alice, "10.77.0.2") == 403

        network.run(look())


def test_without_either_the_deny_list_is_in_their_way(network: Network, coturn: Deployed):
    with pytest.raises(TransactionFailed) as refused:
        network.run(meet(coturn))
    assert refused.value.response.error_code == 403


def test_the_external_address_is_discovered(network: Network, tmp_path_factory):
    """Another coturn is the STUN server; it sees the address that is the relay's own."""
    other, own = tmp_path_factory.mktemp("other"), tmp_path_factory.mktemp("own")
    with (
        deployed(network, other, NORTH, LISTENING_IP=PUBLIC, RELAY_IP=PUBLIC),
        deployed(network, own, NORTH, DISCOVER_STUN=f"{PUBLIC}:3478") as coturn,
    ):
        assert f"coturn: seen from outside as {ADDRESS}." in coturn.log

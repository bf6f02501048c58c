"""Who gets a relay at the deployed coturn, and how many."""

from dataclasses import replace

import pytest

from tests.coturn.conftest import NORTH, SOUTH
from tests.coturn.peers import caller, refusal
from tests.support.coturn_entrypoint import Deployed, deployed
from tests.support.network import Network, inside

pytestmark = pytest.mark.e2e


@inside
async def test_a_credential_opens_a_relay_at_the_relay_address(network, coturn: Deployed):
    async with caller(coturn.credential(NORTH)) as opened:
        host, port = opened.allocation.address
    assert host == coturn.address
    assert 49152 <= port <= 65535


@inside
async def test_an_expired_credential_is_401(network, coturn: Deployed):
    assert await refusal(coturn.credential(NORTH, ago_s=50)) is None
    assert await refusal(coturn.credential(NORTH, ago_s=62)) == 401


@inside
async def test_a_credential_under_a_wrong_secret_is_401(network, coturn: Deployed):
    assert await refusal(coturn.credential(SOUTH)) == 401


@inside
async def test_another_users_credential_is_401(network, coturn: Deployed):
    alices, bobs = coturn.credential(NORTH), coturn.credential(NORTH, "bob")
    assert await refusal(replace(alices, credential=bobs.credential)) == 401
    assert await refusal(bobs) is None


def test_a_users_quota_holds_across_renewed_credentials(network: Network, tmp_path):
    with deployed(network, tmp_path, NORTH, USER_QUOTA="2") as coturn:

        async def allocate() -> None:
            first, renewed = coturn.credential(NORTH, ago_s=20), coturn.credential(NORTH)
            assert first.username != renewed.username
            async with caller(first), caller(renewed):
                assert await refusal(renewed) == 486
                assert await refusal(coturn.credential(NORTH, "bob")) is None

        network.run(allocate())


def test_the_total_quota_counts_everybody(network: Network, tmp_path):
    with deployed(network, tmp_path, NORTH, TOTAL_QUOTA="2") as coturn:

        async def allocate() -> None:
            alice, bob, carol = (coturn.credential(NORTH, who) for who in ("a", "b", "c"))
            async with caller(alice), caller(bob):
                assert await refusal(carol) == 486

        network.run(allocate())

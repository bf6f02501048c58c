"""What a real coturn makes of the credentials: nothing here is simulated."""

import time

import pytest

from service.ports import IceServer
from tests.support.coturn import TurnServer, allocate, coturn, refusal
from tests.support.turn_servers import turn_servers

pytestmark = pytest.mark.e2e

NORTH, SOUTH = "north-" + "n" * 32, "south-" + "s" * 32
HOUR = 3_600_000


@pytest.fixture
def server():
    """Of each test its own: coturn keeps a client's port to one user for a minute."""
    with coturn(NORTH) as running:
        yield running


def mint(
    server: TurnServer, *secrets: str, user: str = "alice", now: int | None = None, **options
) -> IceServer:
    source = turn_servers(turn_secret=secrets, turn_urls=[server.url], turn_ttl=60, **options)
    return source.servers(user, int(time.time() * 1000) if now is None else now).servers[0]


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_a_credential_opens_a_relay(server, transport):
    ice = mint(server, NORTH)

    address, port = await allocate(server, ice.username, ice.credential, transport)

    assert address == "127.0.0.1"
    assert port >= 61000


async def test_without_a_credential_it_is_refused(server):
    assert await refusal(server, None, None) == 401


async def test_an_expired_credential_is_refused(server):
    ice = mint(server, NORTH, now=int(time.time() * 1000) - HOUR)
    assert await refusal(server, ice.username, ice.credential) == 401


async def test_a_credential_dies_within_its_second(server):
    now = int(time.time() * 1000)
    ice = mint(server, NORTH, now=now - 62_000)
    fresh = mint(server, NORTH, now=now - 55_000)

    assert await refusal(server, ice.username, ice.credential) == 401
    assert await refusal(server, fresh.username, fresh.credential) is None


async def test_another_secret_is_refused(server):
    ice = mint(server, SOUTH)
    assert await refusal(server, ice.username, ice.credential) == 401


async def test_another_users_credential_is_refused(server):
    alices, bobs = mint(server, NORTH, user="alice"), mint(server, NORTH, user="bob")
    assert await refusal(server, bobs.username, alices.credential) == 401


async def test_a_later_expiry_on_the_same_credential_is_refused(server):
    now = int(time.time() * 1000)
    ice, later = mint(server, NORTH, now=now), mint(server, NORTH, now=now + HOUR)
    assert await refusal(server, later.username, ice.credential) == 401


@pytest.mark.parametrize("usernames", ["plain", "hmac"])
@pytest.mark.parametrize(
    "user",
    [
        "a" * 128,
        "ß" * 128,
        "😀" * 64,
        "жаба",
        "a:b:c",
        "1700000000:alice",
        "%s%n",
        "-1",
        "a\u00adb\u00a0c",
    ],
    ids=["128 letters", "256 bytes", "64 smileys", "cyrillic", "colons", "a username", "format",
         "a number", "what SASLprep drops"],
)  # fmt: skip
async def test_any_user_id_opens_a_relay(server, user, usernames):
    ice = mint(server, NORTH, user=user, turn_username=usernames)
    assert await refusal(server, ice.username, ice.credential) is None


@pytest.mark.parametrize(
    "user", ["miles o'brien", 'the "boss"', "back\\slash", "tab\tbed", "select union"]
)
async def test_so_does_one_whose_plain_name_coturn_would_drop(server, user):
    ice = mint(server, NORTH, user=user)
    assert await refusal(server, ice.username, ice.credential) is None


async def test_rotation_never_leaves_anybody_out():
    """New secret to coturn first, then the service mints with it, then the old one goes."""
    with coturn(SOUTH, NORTH) as both:
        before, after = mint(both, NORTH), mint(both, SOUTH, NORTH)
        assert await refusal(both, before.username, before.credential) is None
        assert await refusal(both, after.username, after.credential) is None

    with coturn(SOUTH) as rotated:
        assert await refusal(rotated, before.username, before.credential) == 401
        assert await refusal(rotated, after.username, after.credential) is None


def test_coturn_understands_every_line_of_its_configuration(server):
    assert "Bad configuration format" not in server.log
    assert "ERROR: CONFIG" not in server.log

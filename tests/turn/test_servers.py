import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.errors import InvalidPayload
from service.ports import IceServer, IceSource
from service.turn.credentials import password, pseudonym
from tests.support.turn_servers import turn_servers

NOW = 1_700_000_000_999
URLS = ("turn:turn.example.org:3478?transport=udp", "turns:turn.example.org:443?transport=tcp")
STUN = ("stun:stun.example.org:3478",)
EU = ("turn:eu.example.org:3478",)


def test_it_is_an_ice_source():
    source: IceSource = turn_servers()
    assert source.servers("alice", NOW).servers == ()


def test_a_credential_is_good_for_the_ttl_from_now():
    ice = turn_servers(turn_secret=["north"], turn_urls=URLS, turn_ttl=600).servers("alice", NOW)

    name = "1700000600:alice"
    assert ice.servers == (IceServer(URLS, name, password(b"north", name)),)
    assert (ice.ttl, ice.expires_at) == (600, 1_700_000_600_000)


@given(st.integers(min_value=0, max_value=2**42), st.integers(min_value=60, max_value=86_400))
def test_what_the_client_is_told_is_what_the_turn_server_enforces(now, ttl):
    ice = turn_servers(turn_secret=["north"], turn_urls=URLS, turn_ttl=ttl).servers("alice", now)

    stated = int((ice.servers[0].username or "").split(":")[0])
    assert ice.expires_at == stated * 1000
    assert now + (ttl - 1) * 1000 < ice.expires_at <= now + ttl * 1000


def test_stun_comes_first_and_has_no_credential():
    stun, turn = (
        turn_servers(turn_secret=["north"], turn_urls=URLS, stun_urls=STUN)
        .servers("a", NOW)
        .servers
    )

    assert stun == IceServer(STUN)
    assert turn.urls == URLS


def test_without_a_secret_there_is_stun_only():
    source = turn_servers(turn_urls=URLS, turn_regions={"eu": EU}, stun_urls=STUN)

    assert not source.available
    assert source.servers("alice", NOW).servers == (IceServer(STUN),)
    assert source.servers("alice", NOW, "eu").servers == (IceServer(STUN),)


def test_without_anything_there_are_no_servers_but_the_answer_still_has_a_time():
    ice = turn_servers(turn_ttl=60).servers("alice", NOW)

    assert ice.servers == ()
    assert ice.expires_at == 1_700_000_060_000


def test_the_newest_secret_mints():
    ice = turn_servers(turn_secret=["new", "old"], turn_urls=URLS).servers("alice", NOW)

    name = ice.servers[0].username
    assert name is not None
    assert ice.servers[0].credential == password(b"new", name)


def test_a_region_has_its_own_urls():
    source = turn_servers(
        turn_secret=["north"], turn_urls=URLS, turn_regions={"eu": EU, "nowhere": ()}
    )

    assert source.servers("alice", NOW, "eu").servers[0].urls == EU
    assert source.servers("alice", NOW).servers[0].urls == URLS
    assert source.servers("alice", NOW, "nowhere").servers == ()


@pytest.mark.parametrize(("regions", "known"), [({"eu": EU, "us": URLS}, "eu, us"), ({}, "none")])
def test_an_unknown_region_is_refused_by_the_name_of_the_field(regions, known):
    source = turn_servers(turn_secret=["north"], turn_urls=URLS, turn_regions=regions)

    with pytest.raises(InvalidPayload) as refused:
        source.servers("alice", NOW, "mars")

    assert refused.value.message == f"region: there is no such region; known here: {known}."


@pytest.mark.parametrize(
    ("source", "available"),
    [
        (turn_servers(), False),
        (turn_servers(stun_urls=STUN), False),
        (turn_servers(turn_urls=URLS), False),
        (turn_servers(turn_secret=["north"]), False),
        (turn_servers(turn_secret=["north"], turn_urls=URLS), True),
        (turn_servers(turn_secret=["north"], turn_regions={"eu": EU}), True),
    ],
)
def test_turn_is_available_with_a_secret_and_somewhere_to_use_it(source, available):
    assert source.available is available


def test_hmac_names_hide_the_user_and_differ_between_users():
    source = turn_servers(turn_secret=["north"], turn_urls=URLS, turn_username="hmac", turn_ttl=600)

    alice, bob = (source.servers(user, NOW).servers[0].username for user in ("alice", "bob"))

    assert alice == f"1700000600:{pseudonym(b'north', 'alice')}"
    assert alice != bob


def test_a_user_whom_coturn_would_drop_goes_by_a_pseudonym():
    source = turn_servers(turn_secret=["north"], turn_urls=URLS, turn_ttl=600)

    name = source.servers("miles o'brien", NOW).servers[0].username

    assert name == "1700000600:" + pseudonym(b"north", "miles o'brien")


@pytest.mark.parametrize("policy", ["all", "relay"])
def test_the_transport_policy_is_passed_on(policy):
    assert turn_servers(ice_transport_policy=policy).servers("a", NOW).transport_policy == policy


def test_a_secret_does_not_show_in_the_representation():
    assert "north-star" not in repr(turn_servers(turn_secret=["north-star"], turn_urls=URLS))

"""What providers write, down to what a client can use."""

import pytest

from service.ports import IceServer
from service.turn.rtc_ice_servers import RtcIceServer, usable

OPENED = {"username": "u", "credential": "c"}


def test_stun_beside_turn_in_one_entry_needs_no_credential():
    written = RtcIceServer(urls=("stun:s", "turn:a", "turns:b:443?transport=tcp"), **OPENED)
    assert usable([written]) == (
        IceServer(("stun:s",)),
        IceServer(("turn:a", "turns:b:443?transport=tcp"), "u", "c"),
    )


def test_another_credential_is_another_server():
    other = {"username": "v", "credential": "d"}
    servers = usable([RtcIceServer(urls="turn:a", **OPENED), RtcIceServer(urls="turn:b", **other)])
    assert servers == (IceServer(("turn:a",), "u", "c"), IceServer(("turn:b",), "v", "d"))


@pytest.mark.parametrize(
    "url",
    ["http://a", "turn://a", "turn:a:70000", "turn:a?transport=quic", "turn:a b", "", "stun:"],
)
def test_a_url_of_no_rfc_costs_the_others_nothing(url: str):
    servers = usable([RtcIceServer(urls=(url, "turn:a"), **OPENED)])
    assert servers == (IceServer(("turn:a",), "u", "c"),)


@pytest.mark.parametrize(
    "lacking", [{}, {"username": "u"}, {"credential": "c"}, OPENED | {"username": ""}]
)
def test_turn_without_a_whole_credential_is_none(lacking: dict[str, str]):
    with pytest.raises(ValueError, match="no TURN URL with a user name and a credential"):
        usable([RtcIceServer(urls=("stun:s", "turn:a"), **lacking)])

import pytest

from service.cli.dev import CannotServe, lan
from service.cli.dev.endpoint import Endpoint, this_machine, this_network


@pytest.mark.parametrize(
    ("host", "listens", "link"),
    [
        (None, "127.0.0.1", "http://127.0.0.1:8001"),
        ("0.0.0.0", "0.0.0.0", "http://127.0.0.1:8001"),
        ("::", "::", "http://127.0.0.1:8001"),
        ("*", "*", "http://127.0.0.1:8001"),
        ("*,::1", "*,::1", "http://[::1]:8001"),
        ("::1", "::1", "http://[::1]:8001"),
        ("localhost", "localhost", "http://localhost:8001"),
        ("192.0.2.7", "192.0.2.7", "http://192.0.2.7:8001"),
    ],
)
def test_links_name_an_address_that_is_listened_on(host, listens, link):
    endpoint = this_machine(host)

    assert (endpoint.host, endpoint.origin(8001)) == (listens, link)
    assert endpoint.tls is None


@pytest.mark.parametrize(
    ("address", "turn"),
    [("192.0.2.7", "192.0.2.7"), ("::1", "127.0.0.1"), ("localhost", "127.0.0.1")],
)
def test_turn_listens_on_a_number(address, turn):
    assert Endpoint(address, address).turn_address == turn


def test_on_the_network_it_is_https(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))

    endpoint = this_network(tmp_path, "127.0.0.1")

    assert endpoint.origin(8001) == "https://127.0.0.1:8001"
    assert endpoint.tls == (str(tmp_path / "chain.pem"), str(tmp_path / "key.pem"))


@pytest.mark.skipif(not lan.addresses(), reason="this machine is on no network")
def test_on_the_network_links_name_the_primary_address(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))

    endpoint = this_network(tmp_path)

    assert (endpoint.host, endpoint.address) == ("*", lan.addresses()[0])


def test_without_a_network_it_says_so(monkeypatch, tmp_path):
    monkeypatch.setattr(lan, "addresses", tuple)
    with pytest.raises(CannotServe, match="connect it to one first"):
        this_network(tmp_path)

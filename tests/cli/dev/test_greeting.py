import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import jwt
import pytest

from service.cli.dev.authority import Certificate
from service.cli.dev.choices import Choices
from service.cli.dev.coturn import Coturn
from service.cli.dev.endpoint import Endpoint
from service.cli.dev.greeting import greeting
from service.settings import Settings

KEY = "k" * 32
HERE = Endpoint("127.0.0.1", "127.0.0.1")
SECURE = replace(HERE, certificate=Certificate(Path("c"), Path("k"), Path("/my cache/ca.pem")))
TURN = Coturn("127.0.0.1", 3479, ("north",))


def settings(**more: object) -> Settings:
    return Settings.model_validate(
        {"jwt_secret": KEY, "admin_host": "127.0.0.1", "port": 8123, "admin_port": 9123} | more
    )


def claims(of: str) -> dict[str, Any]:
    return jwt.decode(of, KEY, ["HS256"])


def test_tokens_say_what_the_settings_ask_for():
    asked = settings(jwt_issuer="us", jwt_audience="calls", jwt_max_lifetime=60)
    minted = re.findall("token=(\\S+)", greeting(Choices(asked), HERE, None))

    assert len(minted) == 2
    for token in minted:
        found = jwt.decode(token, KEY, ["HS256"], issuer="us", audience="calls")
        assert found["exp"] - found["iat"] == 60


def test_without_a_key_to_sign_with_there_is_no_token():
    own = settings(jwt_secret=(), jwks_url="https://id.example.org/jwks")
    said = greeting(Choices(own), HERE, None)

    assert "Open http://127.0.0.1:8123/#token=… with a token signed by your own key." in said
    assert "curl" not in said


def test_there_is_a_link_for_each_of_two_users():
    links = re.findall(
        r"^  (\w+) +http://127\.0\.0\.1:8123/#token=(\S+)$",
        greeting(Choices(settings()), HERE, None),
        re.MULTILINE,
    )
    assert [name for name, _ in links] == ["Alice", "Bob"]
    for name, token in links:
        found = claims(token)
        assert (found["sub"], found["name"]) == (name.lower(), name)
        assert found["exp"] - found["iat"] == 43_200


def test_the_line_to_paste_asks_for_ice_servers():
    said = greeting(Choices(settings()), HERE, None)
    line = re.search(
        r"^  curl -sS -H 'Authorization: Bearer (\S+)' http://127\.0\.0\.1:8123/v1/ice$",
        said,
        re.MULTILINE,
    )
    assert line is not None
    assert claims(line[1])["sub"] == "alice"


def test_it_says_where_the_rest_is():
    said = greeting(Choices(settings(), ("Port 8001 is taken.",)), HERE, TURN)

    assert "http://127.0.0.1:8123/docs\n" in said
    assert "http://127.0.0.1:9123/metrics\n" in said
    assert "coturn at 127.0.0.1:3479" in said
    assert "Note       Port 8001 is taken.\n" in said
    assert "Ctrl-C" in said


def test_it_says_that_limits_are_not_those_of_a_deployment():
    limits = "  Limits     10 times those of a deployment\n"
    assert limits in greeting(Choices(settings(rate_limit_scale=10)), HERE, None)
    assert "Limits" not in greeting(Choices(settings()), HERE, None)


def test_no_secret_is_said():
    said = greeting(Choices(settings(turn_secret="north", turn_urls="turn:t")), HERE, TURN)
    assert KEY not in said
    assert "north" not in said


def test_it_tells_how_to_get_turn_where_there_is_none(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    said = greeting(Choices(settings()), HERE, None)
    assert "only where the two peers reach each other directly" in said
    assert "apt-get install coturn" in said


def test_a_turn_server_of_ones_own_is_named():
    own = settings(turn_secret="north", turn_urls="turn:turn.example.org")
    assert "TURN       turn:turn.example.org\n" in greeting(Choices(own), HERE, None)


def test_on_the_network_links_are_qr_codes_and_curl_trusts_the_authority():
    said = greeting(Choices(settings()), SECURE, None)

    assert said.count("█▀▀▀▀▀█") + said.count("█ ▄▄▄▄▄ █") >= 6  # three corners, two codes
    assert "curl -sS --cacert '/my cache/ca.pem' -H" in said
    assert "https://127.0.0.1:8123/v1/ice" in said
    assert "Trust      /my cache/ca.pem" in said


@pytest.mark.parametrize("endpoint", [HERE, SECURE])
def test_lines_are_made_for_reading(endpoint):
    said = greeting(Choices(settings()), endpoint, None)
    assert all(line == line.rstrip() for line in said.splitlines() if "█" not in line)

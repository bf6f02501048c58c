import shutil
import socket

import pytest

from service.cli.dev.choices import choose, coturn_beside
from service.cli.dev.coturn import Coturn
from service.cli.dev.endpoint import this_machine
from service.settings import Reading, SettingsError, read
from tests.support.service import running

HERE = this_machine()
ANY_PORT = {"RINGLINE_PORT": "0", "RINGLINE_ADMIN_PORT": "0"}
TURN = Coturn("127.0.0.1", 3478, ("north", "south"))
SECRET = "s" * 32
needs_coturn = pytest.mark.skipif(
    shutil.which("turnserver") is None,
    reason="coturn is not installed; run: apt-get install coturn",
)


def reading(**variables: str) -> Reading:
    return read(ANY_PORT | variables, env_file=None)


def test_nothing_needs_to_be_set():
    settings = choose(reading(), HERE, None).settings

    assert settings.host == settings.admin_host == ("127.0.0.1",)
    assert settings.cors_origins == ("*",)
    assert settings.log_format == "console"
    assert settings.jwt_secret
    assert not settings.turn_urls


async def test_who_tries_things_out_calls_more_than_six_times_a_minute():
    scale = choose(reading(), HERE, None).settings.rate_limit_scale
    async with running(rate_limit_scale=scale) as service:
        alice, bob = await service.join("alice"), await service.join("bob")
        for _ in range(30):
            call_id = await service.call(alice, bob)
            await alice.done("call:end", {"callId": call_id})


def test_the_key_is_thrown_away():
    one, other = (choose(reading(), HERE, None).settings.jwt_secret for _ in range(2))
    assert one != other


def test_what_is_set_stays():
    settings = choose(
        reading(
            RINGLINE_JWT_SECRET=SECRET,
            RINGLINE_LOG_FORMAT="json",
            RINGLINE_CORS_ORIGINS="https://app.example.org",
            RINGLINE_RING_TIMEOUT="20",
            RINGLINE_RATE_LIMIT_SCALE="1",
        ),
        HERE,
        None,
    ).settings

    assert settings.jwt_secret
    assert settings.jwt_secret[0].get_secret_value() == SECRET
    assert settings.log_format == "json"
    assert settings.cors_origins == ("https://app.example.org",)
    assert settings.ring_timeout == 20
    assert settings.rate_limit_scale == 1


def test_a_key_set_gets_no_second_key_beside_it():
    settings = choose(reading(RINGLINE_JWKS_URL="https://id.example.org/jwks"), HERE, None).settings
    assert settings.jwt_secret == ()


def test_a_mistake_is_told():
    with pytest.raises(SettingsError, match="RINGLINE_PORT"):
        choose(reading(RINGLINE_PORT="eight"), HERE, None)


def test_taken_ports_are_passed_over_and_said():
    with (
        socket.create_server(("127.0.0.1", 0)) as one,
        socket.create_server(("127.0.0.1", 0)) as other,
    ):
        port, admin_port = (str(taken.getsockname()[1]) for taken in (one, other))
        choices = choose(reading(RINGLINE_PORT=port, RINGLINE_ADMIN_PORT=admin_port), HERE, None)

    assert choices.notes == (
        f"Port {port} is taken, so this runs on {choices.settings.port}.",
        f"Port {admin_port} is taken, so metrics are on {choices.settings.admin_port}.",
    )
    assert str(choices.settings.port) != port
    assert str(choices.settings.admin_port) != admin_port


def test_free_ports_are_not_worth_a_word():
    choices = choose(reading(), HERE, None)

    assert choices.notes == ()
    assert choices.settings.port > 0
    assert choices.settings.admin_port not in {0, choices.settings.port}


def test_a_misspelt_setting_is_told():
    (note,) = choose(reading(RINGLINE_RING_TIMOUT="20"), HERE, None).notes
    assert "RINGLINE_RING_TIMEOUT" in note


def test_a_coturn_beside_goes_into_the_settings():
    settings = choose(reading(), HERE, TURN).settings

    assert [secret.get_secret_value() for secret in settings.turn_secret] == ["north", "south"]
    assert settings.turn_urls == (
        "turn:127.0.0.1:3478?transport=udp",
        "turn:127.0.0.1:3478?transport=tcp",
    )


@needs_coturn
def test_the_coturn_beside_takes_a_free_port_and_a_secret_of_its_own():
    with coturn_beside(reading(), HERE) as one, coturn_beside(reading(), HERE) as other:
        assert one is not None
        assert other is not None
        assert 3478 <= one.port < other.port
        assert one.secrets != other.secrets


@needs_coturn
def test_secrets_that_are_set_are_the_relays():
    with coturn_beside(reading(RINGLINE_TURN_SECRET="new, old"), HERE) as relay:
        assert relay is not None
        assert relay.secrets == ("new", "old")


def test_a_turn_server_that_is_set_needs_none_beside_it():
    urls = {"RINGLINE_TURN_URLS": "turn:turn.example.org", "RINGLINE_TURN_SECRET": "north"}
    with coturn_beside(reading(**urls), HERE) as relay:
        assert relay is None


def test_without_turnserver_there_is_none(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with coturn_beside(reading(), HERE) as relay:
        assert relay is None

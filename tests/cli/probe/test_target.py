"""What the options and the settings come to: where, how, and who."""

import argparse
import ssl

import jwt
import pytest

from service.cli.probe.options import declare
from service.cli.probe.target import Target, target
from service.settings import SettingsError
from tests.cli.probe.trying import aim
from tests.support.service import SECRET, token

NOW = 1_795_377_600
KEY = {"RINGLINE_JWT_SECRET": SECRET}


@pytest.fixture
def settled(tmp_path, monkeypatch):
    """What no options but these, and these variables, come to; in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def settle(*options: str, **environ: str) -> Target:
        parser = argparse.ArgumentParser()
        declare(parser, int)
        return target(environ, parser.parse_args(options))

    return settle


def claims(bearer: str) -> dict[str, object]:
    read: dict[str, object] = jwt.decode(
        bearer,
        SECRET,
        algorithms=["HS256"],
        options={"verify_exp": False, "verify_iat": False, "verify_aud": False},
    )
    return read


class TestWhere:
    @pytest.mark.parametrize(
        ("url", "socket"),
        [
            ("http://a", "ws://a/socket.io/?EIO=4&transport=websocket"),
            ("http://a:8001/", "ws://a:8001/socket.io/?EIO=4&transport=websocket"),
            ("https://a.example.org", "wss://a.example.org/socket.io/?EIO=4&transport=websocket"),
            ("HTTPS://[::1]:9", "wss://[::1]:9/socket.io/?EIO=4&transport=websocket"),
        ],
    )
    def test_the_socket_of_an_origin(self, url, socket):
        at = aim(url)
        assert at.socket_url == socket
        assert at.secure == socket.startswith("wss:")

    def test_unless_told_it_is_this_machine(self, settled):
        assert settled(**KEY).origin == "http://127.0.0.1:8001"
        assert settled(**KEY, RINGLINE_PORT="9001").origin == "http://127.0.0.1:9001"
        assert settled(**KEY, RINGLINE_HOST="*").origin == "http://127.0.0.1:8001"
        assert settled(**KEY, RINGLINE_HOST="::1,10.0.0.1").origin == "http://[::1]:8001"

    def test_certificates_are_verified_unless_told_otherwise(self):
        careful, careless = aim("https://a").tls, aim("https://a", "--insecure").tls
        assert careful.verify_mode == ssl.CERT_REQUIRED
        assert careful.check_hostname
        assert careless.verify_mode == ssl.CERT_NONE
        assert not careless.check_hostname


class TestWho:
    def test_tokens_are_short_lived_and_made_anew(self, settled):
        at = settled(**KEY)
        before, after = at.users(NOW), at.users(NOW + 60)
        for now, users in ((NOW, before), (NOW + 60, after)):
            for user in users:
                said = claims(user.token)
                assert (said["sub"], said["iat"], said["exp"]) == (user.id, now, now + 300)
        assert [user.id for user in before] == [user.id for user in after]

    def test_they_live_no_longer_than_the_service_allows(self, settled):
        caller, _ = settled(**KEY, RINGLINE_JWT_MAX_LIFETIME="90").users(NOW)
        assert claims(caller.token)["exp"] == NOW + 90

    def test_issuer_and_audience_are_set_or_given(self, settled):
        environ = {**KEY, "RINGLINE_JWT_ISSUER": "set", "RINGLINE_JWT_AUDIENCE": "calls"}
        caller, _ = settled(**environ).users(NOW)
        assert (claims(caller.token)["iss"], claims(caller.token)["aud"]) == ("set", "calls")
        _, callee = settled("--issuer", "given", **environ).users(NOW)
        assert (claims(callee.token)["iss"], claims(callee.token)["aud"]) == ("given", "calls")

    def test_a_key_in_a_file_counts(self, settled, tmp_path):
        (tmp_path / ".env").write_text(f"RINGLINE_JWT_SECRET={SECRET}\n")
        caller, _ = settled().users(NOW)
        assert claims(caller.token)["sub"] == caller.id

    def test_the_newest_of_several_keys_signs_and_a_rotation_is_followed(self, settled, tmp_path):
        file = tmp_path / "jwt_secret"
        file.write_text("o" * 32)
        at = settled(RINGLINE_SECRETS_DIR=str(tmp_path))
        for now, written in enumerate([SECRET, f"{SECRET},{'o' * 32}", "unfit", SECRET], NOW):
            file.write_text(written)
            caller, callee = at.users(now)
            assert claims(caller.token)["sub"] == caller.id  # by SECRET, as `claims` believes
            assert claims(callee.token)["iat"] == now

    def test_the_first_of_several_issuers_and_audiences_counts(self, settled):
        environ = {**KEY, "RINGLINE_JWT_ISSUER": "a,b", "RINGLINE_JWT_AUDIENCE": "calls,phones"}
        caller, _ = settled(**environ).users(NOW)
        assert (claims(caller.token)["iss"], claims(caller.token)["aud"]) == ("a", "calls")

    def test_given_tokens_need_no_setting(self, settled):
        a, b = token("alice"), token("bob")
        caller, callee = settled("--token-a", a, "--token-b", b).users(NOW)
        assert (caller.id, caller.token) == ("alice", a)
        assert (callee.id, callee.token) == ("bob", b)

    def test_a_short_key_is_named_as_it_was_given(self, settled):
        with pytest.raises(SettingsError, match="RINGLINE_JWT_SECRET: the value has 5 of the 32"):
            settled(RINGLINE_JWT_SECRET="short")
        with pytest.raises(SettingsError, match="--key: the value has 5 of the 32"):
            settled("--key", "short", **KEY)

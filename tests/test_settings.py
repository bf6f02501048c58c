import json
import subprocess
import sys
from pathlib import Path

import pytest
from dotenv import dotenv_values
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError

from service.settings import (
    SECTIONS,
    Settings,
    SettingsError,
    load,
    read,
    settings_from,
    variable,
)

ROOT = Path(__file__).parent.parent
UNREADABLE = Path("/proc/self/mem")  # to root as well
SECRET = "0123456789abcdef0123456789abcdef"
PEM = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA\n-----END PUBLIC KEY-----"
TURN = {"TURN_SECRET": "first,second", "TURN_URLS": "turn:a.example.org"}


def given_settings(secret=SECRET, **values):
    """Settings from an environment that has these, and nothing else."""
    named = {f"RINGLINE_{name}": value for name, value in values.items()}
    if secret is not None:
        named["RINGLINE_JWT_SECRET"] = secret
    return load(named, env_file=None)


def mistakes(secret=SECRET, **values):
    with pytest.raises(SettingsError) as wrong:
        given_settings(secret, **values)
    return wrong.value.mistakes


def mistake(**values):
    """The one mistake in these settings."""
    (only,) = mistakes(**values)
    return only


class TestDefaults:
    def test_with_a_key_alone_everything_has_a_value(self):
        settings = given_settings()
        assert (settings.host, settings.port) == (("*",), 8001)
        assert (settings.admin_host, settings.admin_port) == (("*",), 9090)
        assert (settings.ping_interval, settings.ping_timeout) == (15, 10)
        assert settings.transports == ("websocket", "polling")
        assert (settings.ring_timeout, settings.connect_timeout) == (45, 30)
        assert settings.max_call_duration is None
        assert (settings.resume_window, settings.detached_call_limit) == (30, 600)
        assert settings.call_waiting is False
        assert settings.max_message_bytes == 65_536
        assert settings.turn_ttl == 14_400
        assert (settings.jwt_leeway, settings.jwt_max_lifetime) == (10, 86_400)
        assert settings.cors_origins == settings.turn_urls == settings.stun_urls == ()
        assert settings.rate_limit_scale == 1

    def test_the_admin_address_follows_the_address(self):
        assert given_settings(HOST="127.0.0.1").admin_host == ("127.0.0.1",)
        assert given_settings(HOST="127.0.0.1", ADMIN_HOST="::1").admin_host == ("::1",)

    def test_every_default_would_be_accepted_if_it_were_set(self):
        for section in SECTIONS:
            for field in section.model_fields.values():
                assert field.description
                assert field.description.endswith(".")
        Settings.model_validate(Settings().model_dump())


class TestReading:
    def test_numbers_lists_and_switches(self):
        settings = given_settings(
            PORT="8080",
            TRANSPORTS=" polling , websocket ",
            CALL_WAITING="true",
            MAX_CALL_DURATION="3600",
            RATE_LIMIT_SCALE="0.5",
            LOG_LEVEL="WARNING",
            PRESENCE="nobody",
        )
        assert settings.port == 8080
        assert settings.transports == ("polling", "websocket")
        assert settings.call_waiting is True
        assert settings.max_call_duration == 3600
        assert settings.rate_limit_scale == 0.5
        assert settings.log_level == "warning"
        assert settings.presence == "nobody"

    def test_origins_as_browsers_send_them(self):
        settings = given_settings(
            CORS_ORIGINS="https://App.Example.org:443,http://localhost:05173,capacitor://localhost,*"
        )
        assert settings.cors_origins == (
            "https://app.example.org",
            "http://localhost:5173",
            "capacitor://localhost",
            "*",
        )

    def test_origins_of_apps_and_files(self):
        apps = "app://-,app://.,app://obsidian.md,capacitor://localhost,ionic://localhost:8100"
        bare = "null,file://,chrome-extension://abcdefghijklmnop,http://[2001:db8::1]:8001"
        assert given_settings(CORS_ORIGINS=f"{apps},{bare}").cors_origins == (
            *apps.split(","),
            *bare.split(","),
        )
        assert given_settings(CORS_ORIGINS="NULL,FILE://,http://[2001:DB8:0::1]").cors_origins == (
            "null",
            "file://",
            "http://[2001:db8::1]",
        )

    def test_proxies_are_addresses_and_networks(self):
        settings = given_settings(TRUSTED_PROXIES="10.1.2.3/8, 192.0.2.1, fd00::/8")
        assert settings.trusted_proxies == ("10.0.0.0/8", "192.0.2.1", "fd00::/8")

    def test_turn_secrets_keep_their_order(self):
        settings = given_settings(**TURN)
        assert [secret.get_secret_value() for secret in settings.turn_secret] == ["first", "second"]

    def test_turn_regions_are_json(self):
        lists = {"eu": ["turn:eu.example.org"], "us-1": ["turn:a", "turns:b:443?transport=tcp"]}
        settings = given_settings(**TURN, TURN_REGIONS=json.dumps(lists))
        assert settings.turn_regions == {name: tuple(urls) for name, urls in lists.items()}

    def test_a_public_key_with_real_or_escaped_line_breaks(self):
        for text in (PEM, PEM.replace("\n", "\\n")):
            assert given_settings(None, JWT_PUBLIC_KEY=text).jwt_public_key == PEM

    def test_an_empty_variable_counts_as_unset(self):
        settings = given_settings(PORT="", CORS_ORIGINS="  ", JWKS_URL="", MAX_CALL_DURATION="")
        assert settings == given_settings()

    def test_settings_do_not_change(self):
        with pytest.raises(ValidationError):
            given_settings().port = 1

    def test_building_settings_reads_no_environment(self, monkeypatch, tmp_path):
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("RINGLINE_PORT", "1234")
        (tmp_path / ".env").write_text("RINGLINE_ADMIN_PORT=1235\n")
        settings = Settings(jwt_secret=(SecretStr(SECRET),))
        assert (settings.port, settings.admin_port) == (8001, 9090)

    def test_a_misspelt_argument_is_refused(self):
        with pytest.raises(ValidationError):
            Settings.model_validate({"prot": 1})


class TestSources:
    @pytest.fixture
    def secrets(self, tmp_path):
        folder = tmp_path / "secrets"
        folder.mkdir()
        return folder

    @pytest.fixture
    def env_file(self, tmp_path):
        return tmp_path / ".env"

    def read(self, env_file, **environ):
        return read(environ, env_file=env_file)

    def test_the_environment_wins_over_the_file_and_that_over_secrets(self, secrets, env_file):
        (secrets / "port").write_text("3\n")
        (secrets / "admin_port").write_text("3")
        (secrets / "ping_timeout").write_text("3")
        env_file.write_text("RINGLINE_PORT=2\nRINGLINE_ADMIN_PORT=2\n")
        reading = self.read(env_file, RINGLINE_PORT="1", RINGLINE_SECRETS_DIR=str(secrets))
        assert [reading.values[name] for name in ("port", "admin_port", "ping_timeout")] == [
            "1",
            "2",
            "3",
        ]
        places = [reading.sources[name].place for name in ("port", "admin_port", "ping_timeout")]
        assert places == ["environment", str(env_file), "a secret file"]

    @pytest.mark.parametrize("name", ["jwt_secret", "RINGLINE_JWT_SECRET", "JWT_SECRET"])
    def test_a_secret_file_is_named_like_its_setting(self, secrets, name):
        (secrets / name).write_text(SECRET + "\n")
        settings = load({"RINGLINE_SECRETS_DIR": str(secrets)}, env_file=None)
        assert settings.jwt_secret == (SecretStr(SECRET),)

    def test_secrets_as_kubernetes_mounts_them(self, secrets):
        (secrets / "..2026").mkdir()
        (secrets / "..2026" / "jwt_secret").write_text(SECRET)
        (secrets / "..data").symlink_to("..2026")
        (secrets / "jwt_secret").symlink_to("..data/jwt_secret")
        settings = load({"RINGLINE_SECRETS_DIR": str(secrets)}, env_file=None)
        assert settings.jwt_secret == (SecretStr(SECRET),)

    def test_the_folder_of_secrets_may_be_named_in_the_file(self, secrets, env_file):
        (secrets / "jwt_secret").write_text(SECRET)
        env_file.write_text(f"RINGLINE_SECRETS_DIR={secrets}\n")
        assert load({}, env_file=env_file).jwt_secret == (SecretStr(SECRET),)

    def test_an_empty_value_does_not_hide_a_lower_source(self, secrets, env_file):
        env_file.write_text("RINGLINE_PORT=\nRINGLINE_HOST=127.0.0.1\n")
        (secrets / "port").write_text("3")
        reading = self.read(
            env_file, RINGLINE_PORT="", RINGLINE_HOST=" ", RINGLINE_SECRETS_DIR=str(secrets)
        )
        assert (reading.values["port"], reading.values["host"]) == ("3", "127.0.0.1")

    def test_the_names_of_the_replaced_system_are_understood(self, env_file):
        env_file.write_text("PORT=5\nCLIENT_URL=https://app.example.org\n")
        reading = self.read(env_file, PORT="4", RINGLINE_JWT_SECRET=SECRET)
        settings = settings_from(reading)
        assert (settings.port, settings.cors_origins) == (4, ("https://app.example.org",))
        assert str(reading.sources["port"]) == "PORT"

    def test_our_names_win_over_those_wherever_they_stand(self, env_file):
        env_file.write_text("RINGLINE_PORT=2\n")
        assert self.read(env_file, PORT="4").values["port"] == "2"

    def test_other_variables_mean_nothing(self, env_file):
        env_file.write_text("DATABASE_URL=postgres://x\nHOST=x\n")
        reading = self.read(env_file, JWT_SECRET=SECRET, HOST="x")
        assert reading.values == {}
        assert reading.warnings == ()

    def test_an_unknown_variable_is_warned_of(self, env_file):
        env_file.write_text("RINGLINE_WEBHOOK_URL=true\n")
        reading = self.read(env_file, RINGLINE_TRUN_URLS="turn:a", RINGLINE_PORT="1")
        misspelt, later = reading.warnings
        assert misspelt == (
            "RINGLINE_TRUN_URLS is not a setting of this version and is ignored; "
            "is RINGLINE_TURN_URLS meant?"
        )
        assert later == "RINGLINE_WEBHOOK_URL is not a setting of this version and is ignored."

    def test_a_secret_file_that_names_no_setting_is_warned_of(self, secrets, env_file):
        for name in ("jwt_secert", "turn-secret", "RINGLINE_TURN_SECRET.txt", "password"):
            (secrets / name).write_text("x")
        reading = self.read(env_file, RINGLINE_SECRETS_DIR=str(secrets))
        assert reading.values.keys() == {"secrets_dir"}
        start = 'RINGLINE_SECRETS_DIR: the file "'
        end = '" is not a setting of this version and is ignored'
        assert reading.warnings == (
            f"{start}RINGLINE_TURN_SECRET.txt{end}; is turn_secret meant?",
            f"{start}jwt_secert{end}; is jwt_secret meant?",
            f"{start}password{end}.",
            f"{start}turn-secret{end}; is turn_secret meant?",
        )

    def test_what_kubernetes_and_people_put_beside_them_is_none_of_it(self, secrets, env_file):
        (secrets / "..2026").mkdir()
        (secrets / "..2026" / "jwt_secret").write_text(SECRET)
        (secrets / "..data").symlink_to("..2026")
        (secrets / "jwt_secret").symlink_to("..data/jwt_secret")
        (secrets / ".gitkeep").touch()
        (secrets / "kubernetes.io").mkdir()
        assert self.read(env_file, RINGLINE_SECRETS_DIR=str(secrets)).warnings == ()

    def test_a_folder_of_other_things_takes_a_few_lines(self, secrets, env_file):
        for number in range(500):
            (secrets / f"file{number}").touch()
        *named, rest = self.read(env_file, RINGLINE_SECRETS_DIR=str(secrets)).warnings
        assert len(named) == 10
        assert rest.startswith("RINGLINE_SECRETS_DIR: 490 more files")

    def test_a_missing_folder_of_secrets_is_said(self, tmp_path):
        with pytest.raises(SettingsError) as wrong:
            load({"RINGLINE_SECRETS_DIR": str(tmp_path / "no")}, env_file=None)
        assert wrong.value.mistakes == (
            f'RINGLINE_SECRETS_DIR: "{tmp_path}/no" is not a folder; name one with secret files.',
        )

    def test_a_secret_file_that_is_no_text_is_said(self, secrets):
        (secrets / "jwt_secret").write_bytes(b"\xff\xfe" * 20)
        with pytest.raises(SettingsError, match="cannot be read: it is not UTF-8 text"):
            load({"RINGLINE_SECRETS_DIR": str(secrets)}, env_file=None)

    def test_a_variable_that_is_no_text_is_said(self):
        broken = b"hush\xff".decode(errors="surrogateescape")
        with pytest.raises(SettingsError) as wrong:
            load({"RINGLINE_JWT_ISSUER": broken}, env_file=None)
        assert wrong.value.mistakes == ("RINGLINE_JWT_ISSUER: the value is not UTF-8 text.",)

    def test_an_env_file_that_is_no_text_is_said(self, env_file):
        env_file.write_bytes(b"RINGLINE_PORT=\xff\n")
        with pytest.raises(SettingsError, match=r"\.env cannot be read: it is not UTF-8 text"):
            load({}, env_file=env_file)

    @pytest.mark.skipif(not UNREADABLE.exists(), reason="needs Linux's /proc")
    def test_an_env_file_that_cannot_be_read_is_said(self):
        with pytest.raises(SettingsError, match=r"mem cannot be read: Input/output error\.$"):
            load({}, env_file=UNREADABLE)

    def test_a_mistake_names_the_place_it_was_made(self, env_file):
        env_file.write_text("RINGLINE_PORT=x\n")
        with pytest.raises(SettingsError) as wrong:
            load({"RINGLINE_JWT_SECRET": SECRET, "CLIENT_URL": "x"}, env_file=env_file)
        port, origins = wrong.value.mistakes
        assert port.startswith(f'RINGLINE_PORT (in {env_file}): "x" must be')
        assert origins.startswith('CLIENT_URL: "x" is not an origin')


class TestMistakes:
    @pytest.mark.parametrize(
        ("name", "value", "sentence"),
        [
            ("PORT", "abc", "must be a whole number from 0 to 65535."),
            ("PORT", "65536", "must be a whole number from 0 to 65535."),
            ("ADMIN_PORT", "80.5", "must be a whole number from 0 to 65535."),
            ("PING_INTERVAL", "0", "must be a whole number from 1 upwards."),
            ("PING_TIMEOUT", "0.5", "must be a whole number from 1 upwards."),
            ("RING_TIMEOUT", "14", "must be a whole number from 15 to 120."),
            ("RING_TIMEOUT", "121", "must be a whole number from 15 to 120."),
            ("CONNECT_TIMEOUT", "4", "must be a whole number from 5 to 120."),
            ("RESUME_WINDOW", "0", "must be a whole number from 1 to 300."),
            ("DETACHED_CALL_LIMIT", "3601", "must be a whole number from 1 to 3600."),
            ("MAX_CALL_DURATION", "-1", "must be a whole number from 1 upwards."),
            ("MAX_MESSAGE_BYTES", "4095", "must be a whole number from 4096 to 1048576."),
            ("MAX_MESSAGE_BYTES", "1048577", "must be a whole number from 4096 to 1048576."),
            ("MAX_CONNECTIONS", "-1", "must be a whole number from 0 upwards."),
            ("RATE_LIMIT_SCALE", "0", "must be a number above 0."),
            ("RATE_LIMIT_SCALE", "inf", "must be a number above 0."),
            ("RATE_LIMIT_SCALE", "fast", "must be a number above 0."),
            ("CALL_WAITING", "maybe", "must be true or false."),
            ("PRESENCE", "authorized", "must be one of everyone, nobody."),
            ("LOG_LEVEL", "loud", "must be one of debug, info, warning, error."),
            ("LOG_FORMAT", "xml", "must be one of auto, json, console."),
            ("LOG_USER", "md5", "must be one of plain, hmac, none."),
            ("TURN_USERNAME", "x", "must be one of plain, hmac."),
            ("ICE_TRANSPORT_POLICY", "none", "must be one of all, relay."),
            ("TRANSPORTS", "webtransport", "must be one of websocket, polling."),
        ],
    )
    def test_a_plain_value(self, name, value, sentence):
        assert mistake(**{name: value}) == f'RINGLINE_{name}: "{value}" {sentence}'

    @pytest.mark.parametrize(
        "origin",
        [
            "https://app.example.org/",
            "https://app.example.org/path",
            "app.example.org",
            "https://",
            "https://*.example.org",
            "https://a:99999",
            "https://a:0",
            "https://[::1",
            "https://[1:2]",
            "file:///home",
            "app://a/b",
            "nulls",
            "x://",
            "https://-",
        ],
    )
    def test_an_origin_that_is_none(self, origin):
        said = mistake(CORS_ORIGINS=f"https://ok.example.org,{origin}")
        assert said == (
            f'RINGLINE_CORS_ORIGINS: "{origin}" is not an origin; '
            "write scheme://host[:port] without a path, null, file:// or *."
        )

    @pytest.mark.parametrize("proxy", ["10.0.0.0/33", "proxy.example.org", "*", "10.0.0"])
    def test_a_proxy_that_is_no_address(self, proxy):
        assert f'"{proxy}" is not an address or a network' in mistake(TRUSTED_PROXIES=proxy)

    @pytest.mark.parametrize("host", ["http://x", "a b", "127.0.0.1:80", "[::]", "999", "-"])
    def test_an_address_that_cannot_be_listened_on(self, host):
        assert f'"{host}" is not an address to listen on' in mistake(HOST=host)

    @pytest.mark.parametrize(
        "url",
        ["turn:h", "turns:h:5349", "turn:1.2.3.4:80?transport=tcp", "turns:[2001:db8::1]:443"],
    )
    def test_a_turn_url_of_rfc_7065(self, url):
        assert given_settings(**TURN | {"TURN_URLS": url}).turn_urls == (url,)

    @pytest.mark.parametrize(
        "url",
        [
            "turn://h",
            "turn:",
            "h:3478",
            "stun:h",
            "turn:h:0",
            "turn:h:65536",
            "turn:h?transport=sctp",
            "turn:h/path",
            "turn:[2001:db8::zz]",
            "turn:2001:db8::1",
        ],
    )
    def test_a_turn_url_of_no_rfc(self, url):
        said = mistake(**TURN | {"TURN_URLS": f"turn:ok,{url}"})
        assert said.startswith(f'RINGLINE_TURN_URLS: "{url}" is not a TURN URL (RFC 7065); write')

    @pytest.mark.parametrize("url", ["stun:h", "stuns:h:5349", "stun:[::1]:3478"])
    def test_a_stun_url_of_rfc_7064(self, url):
        assert given_settings(STUN_URLS=url).stun_urls == (url,)

    @pytest.mark.parametrize("url", ["stun:h?transport=udp", "stun://h", "turn:h", "stun:"])
    def test_a_stun_url_of_no_rfc(self, url):
        assert f'"{url}" is not a STUN URL (RFC 7064)' in mistake(STUN_URLS=url)

    @pytest.mark.parametrize(
        "regions",
        ["[1", '["turn:a"]', '{"eu": "turn:a"}', '{"eu": []}', '{"eu": [5]}', '{"eu": null}', "7"],
    )
    def test_regions_that_are_no_object_of_lists(self, regions):
        said = mistake(**TURN, TURN_REGIONS=regions)
        assert said == (
            f'RINGLINE_TURN_REGIONS: "{regions}" is not a JSON object of lists; '
            'write {"eu": ["turn:eu.example.org"]}.'
        )

    def test_regions_with_a_wrong_name_or_url(self):
        name, url = mistakes(**TURN, TURN_REGIONS='{"E U": ["turn:a"], "us": ["http://x"]}')
        assert name.startswith('RINGLINE_TURN_REGIONS: "E U" is not a region')
        assert url.startswith('RINGLINE_TURN_REGIONS: "http://x" is not a TURN URL')

    @pytest.mark.parametrize(
        "url", ["https://id.example.org", "https://id/keys?v=1", "http://keys.auth.svc:8080/jwks"]
    )
    def test_a_key_set_on_the_web(self, url):
        assert given_settings(None, JWKS_URL=url).jwks_url == url

    @pytest.mark.parametrize(
        "url",
        [
            "ftp://x/y",
            "keys.json",
            "https://",
            "https://me:pw@x/y",
            "https://[::1",
            "https://x:99999/y",
        ],
    )
    def test_a_key_set_that_is_not_on_the_web(self, url):
        said = mistake(secret=None, JWKS_URL=url)
        assert "is not a web address; write https://host/path" in said
        assert "pw" not in said

    @pytest.mark.parametrize(
        "secret",
        ["two words", "it's", 'a"b', "back\\slash", "=front", "tab\tbed", "größe", "x" * 256,
         "a\nb", "good,not good", "\x00"],
    )  # fmt: skip
    def test_a_turn_secret_that_coturn_cannot_keep(self, secret):
        said = mistake(TURN_URLS="turn:a", TURN_SECRET=secret)
        assert said.startswith(
            "RINGLINE_TURN_SECRET: the value is a secret that coturn cannot keep; write up to 255 "
        )
        assert secret not in said

    def test_a_list_of_nothing(self):
        for name in ("TRANSPORTS", "CORS_ORIGINS", "TURN_SECRET"):
            said = mistake(**{name: " , "})
            assert said.endswith("holds nothing but commas; name something, or leave it unset.")

    def test_every_mistake_is_told_at_once(self):
        said = mistakes(secret=None, PORT="x", HOST="a b", TURN_SECRET="s", PRESENCE="some")
        assert len(said) == 5
        assert [sentence.partition(":")[0] for sentence in said[:3]] == [
            "RINGLINE_HOST",
            "RINGLINE_PORT",
            "RINGLINE_PRESENCE",
        ]
        assert all(sentence.endswith(".") for sentence in said)

    def test_no_mistake_repeats_a_long_value_in_full(self):
        assert len(mistake(CORS_ORIGINS="x" * 10_000)) < 300

    def test_no_mistake_repeats_credentials(self):
        for name in ("TURN_URLS", "CORS_ORIGINS"):
            said = mistakes(**TURN | {name: "turn:me:hunter2@h"})
            assert "hunter2" not in "".join(said)

    @given(text=st.text(st.characters(codec="ascii", exclude_characters=","), min_size=1))
    def test_no_mistake_repeats_a_secret(self, text):
        hidden = f"hush{text}"[:31]
        for name in ("JWT_SECRET", "JWT_PUBLIC_KEY"):
            (said,) = mistakes(secret=None, **{name: hidden})
            assert "hush" not in said
            assert "RINGLINE_" + name in said

    def test_what_kubernetes_sets_beside_a_service_is_recognised(self):
        said = mistake(PORT="tcp://10.0.0.1:8001")
        assert "enableServiceLinks: false" in said


class TestKeys:
    def test_no_key_at_all(self):
        assert mistake(secret=None) == (
            "Set RINGLINE_JWT_SECRET (≥ 32 bytes), RINGLINE_JWT_PUBLIC_KEY or RINGLINE_JWKS_URL, "
            "so that clients' tokens can be verified; for a trial run use `make run`."
        )

    def test_a_secret_of_31_bytes(self):
        assert mistake(secret="x" * 31) == (
            "RINGLINE_JWT_SECRET: the value has 31 of the 32 bytes that HS256 needs "
            "(a comma begins another secret); make one with `openssl rand -hex 32`."
        )

    def test_several_secrets_newest_first(self):
        new, old = "n" * 32, "o" * 40
        settings = given_settings(f" {new} , {old}\n")
        assert [one.get_secret_value() for one in settings.jwt_secret] == [new, old]

    @pytest.mark.parametrize("secret", [f"{'n' * 32},short", "half of it," + "x" * 32])
    def test_each_of_several_secrets_is_long_enough(self, secret):
        assert "(a comma begins another secret)" in mistake(secret=secret)

    def test_several_issuers_and_audiences(self):
        settings = given_settings(JWT_ISSUER="https://a, b", JWT_AUDIENCE="calls")
        assert (settings.jwt_issuer, settings.jwt_audience) == (("https://a", "b"), ("calls",))

    @pytest.mark.parametrize("between", ["\n", "", "\n\n  "])
    def test_several_public_keys_one_after_the_other(self, between):
        several = PEM + between + PEM.replace("PUBLIC", "RSA PUBLIC")
        for text in (several, several.replace("\n", "\\n")):
            assert given_settings(None, JWT_PUBLIC_KEY=text).jwt_public_key == several

    @pytest.mark.parametrize("between", [",", "and", "-----BEGIN PUBLIC KEY-----"])
    def test_nothing_else_stands_between_public_keys(self, between):
        assert "is not a public key" in mistake(secret=None, JWT_PUBLIC_KEY=PEM + between + PEM)

    def test_the_length_of_a_secret_is_in_bytes(self):
        assert given_settings("é" * 16).jwt_secret == (SecretStr("é" * 16),)

    def test_more_than_one_kind_of_key(self):
        assert mistake(JWKS_URL="https://id.example.org/keys") == (
            "RINGLINE_JWT_SECRET and RINGLINE_JWKS_URL are set together; "
            "keep the one that tokens are signed for."
        )

    def test_a_private_key_is_refused_and_not_shown(self):
        private = PEM.replace("PUBLIC", "PRIVATE")
        assert mistake(secret=None, JWT_PUBLIC_KEY=private) == (
            "RINGLINE_JWT_PUBLIC_KEY: the value holds a private key, which must not be here; "
            "set its public key."
        )

    def test_what_is_no_pem_is_refused(self):
        assert "is not a public key" in mistake(secret=None, JWT_PUBLIC_KEY="/etc/key.pem")

    @pytest.mark.parametrize(
        ("key", "algorithms", "strange"),
        [
            ({"secret": SECRET}, "HS256,RS256", "RS256"),
            ({"secret": None, "JWT_PUBLIC_KEY": PEM}, "HS256", "HS256"),
            ({"secret": None, "JWKS_URL": "https://x/y"}, "ES256,HS256", "HS256"),
        ],
    )
    def test_an_algorithm_that_the_key_is_not_for(self, key, algorithms, strange):
        said = mistake(**key, JWT_ALGORITHMS=algorithms)
        assert said.startswith(f"RINGLINE_JWT_ALGORITHMS: {strange} cannot be verified with ")

    @pytest.mark.parametrize(
        ("key", "algorithms"),
        [
            ({"secret": SECRET}, ("HS256",)),
            ({"secret": None, "JWKS_URL": "https://x/y"}, ("RS256", "EdDSA")),
        ],
    )
    def test_an_algorithm_that_the_key_is_for(self, key, algorithms):
        settings = given_settings(**key, JWT_ALGORITHMS=",".join(algorithms))
        assert settings.jwt_algorithms == algorithms

    def test_an_algorithm_that_nobody_verifies(self):
        assert "must be one of HS256, RS256, ES256, EdDSA" in mistake(JWT_ALGORITHMS="none")


class TestWhatFitsTogether:
    def test_a_turn_secret_without_urls(self):
        assert mistake(TURN_SECRET="s") == (
            "RINGLINE_TURN_SECRET is set without RINGLINE_TURN_URLS; set both or neither."
        )

    def test_turn_urls_without_a_secret(self):
        assert mistake(TURN_URLS="turn:a") == (
            "RINGLINE_TURN_URLS is set without RINGLINE_TURN_SECRET; set both or neither."
        )

    def test_regions_without_a_secret(self):
        said = mistake(TURN_REGIONS='{"eu": ["turn:a"]}')
        assert said.startswith("RINGLINE_TURN_REGIONS is set without RINGLINE_TURN_SECRET")

    def test_relay_only_without_a_relay(self):
        assert "set RINGLINE_TURN_URLS" in mistake(ICE_TRANSPORT_POLICY="relay")
        assert given_settings(**TURN, ICE_TRANSPORT_POLICY="relay").ice_transport_policy == "relay"

    def test_a_provider_without_its_account(self):
        assert mistake(TURN_PROVIDER="cloudflare") == (
            "RINGLINE_TURN_PROVIDER names cloudflare; set RINGLINE_CLOUDFLARE_TURN_KEY_ID and "
            "RINGLINE_CLOUDFLARE_TURN_API_TOKEN."
        )
        assert mistake(TURN_PROVIDER="twilio", TWILIO_ACCOUNT_SID="AC1") == (
            "RINGLINE_TURN_PROVIDER names twilio; set RINGLINE_TWILIO_API_SECRET."
        )
        assert mistake(TURN_PROVIDER="static") == (
            "RINGLINE_TURN_PROVIDER names static; set RINGLINE_TURN_STATIC_SERVERS."
        )
        assert mistake(TURN_PROVIDER="coturn,static", TURN_STATIC_SERVERS="[]") == (
            "RINGLINE_TURN_PROVIDER names coturn; set RINGLINE_TURN_URLS and RINGLINE_TURN_SECRET, "
            "or do not name it."
        )

    def test_an_account_whose_provider_is_not_named(self):
        assert mistake(TWILIO_API_SECRET="s") == (
            "RINGLINE_TURN_PROVIDER does not name twilio, for which RINGLINE_TWILIO_API_SECRET is "
            "set; name it, or leave those unset."
        )
        assert mistake(**TURN, TURN_PROVIDER="static", TURN_STATIC_SERVERS="[]") == (
            "RINGLINE_TURN_PROVIDER does not name coturn, for which RINGLINE_TURN_URLS and "
            "RINGLINE_TURN_SECRET are set; name it, or leave those unset."
        )

    def test_providers_in_order(self):
        settings = given_settings(
            **TURN,
            TURN_PROVIDER="Cloudflare, coturn",
            CLOUDFLARE_TURN_KEY_ID="5f",
            CLOUDFLARE_TURN_API_TOKEN="hush",
            ICE_TRANSPORT_POLICY="relay",
        )
        assert settings.turn_provider == ("cloudflare", "coturn")
        assert "hush" not in repr(settings)

    def test_relay_only_with_a_provider(self):
        given = {"TURN_PROVIDER": "static", "TURN_STATIC_SERVERS": "[]"}
        assert given_settings(**given, ICE_TRANSPORT_POLICY="relay").turn_urls == ()

    @pytest.mark.parametrize("token", ["two words", "zwölf", "a\nb"])
    def test_a_token_that_no_header_can_carry(self, token):
        said = mistake(
            TURN_PROVIDER="cloudflare", CLOUDFLARE_TURN_KEY_ID="5f", CLOUDFLARE_TURN_API_TOKEN=token
        )
        assert said == (
            "RINGLINE_CLOUDFLARE_TURN_API_TOKEN: the value is not a token; "
            "write ASCII letters, digits and signs, without spaces."
        )

    def test_an_account_that_is_no_id(self):
        said = mistake(TURN_PROVIDER="twilio", TWILIO_ACCOUNT_SID="a/b", TWILIO_API_SECRET="s")
        assert said.startswith('RINGLINE_TWILIO_ACCOUNT_SID: "a/b" is not the id of an account')

    def test_one_port_for_two(self):
        assert "are both 9090" in mistake(PORT="9090")
        assert given_settings(PORT="0", ADMIN_PORT="0").port == 0
        assert given_settings(PORT="9090", ADMIN_HOST="127.0.0.1").port == 9090

    def test_a_wrong_value_is_not_held_against_others(self):
        (said,) = mistakes(**TURN | {"TURN_URLS": "x"}, ICE_TRANSPORT_POLICY="relay")
        assert said.startswith('RINGLINE_TURN_URLS: "x"')


class TestPage:
    def run(self, *arguments, cwd=ROOT):
        return subprocess.run(
            [sys.executable, ROOT / "tools" / "settings_docs.py", *arguments],
            cwd=cwd,
            capture_output=True,
            text=True,
            check=False,
        )

    def test_the_page_is_what_the_settings_say(self):
        checked = self.run("--check")
        assert checked.returncode == 0, checked.stdout

    def test_the_page_names_every_setting_once(self):
        rows = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8").splitlines()
        named = [row.split("`")[1] for row in rows if row.startswith("| `")]
        assert named == [variable(setting) for setting in Settings.model_fields]

    def test_its_example_is_a_configuration_that_starts(self, tmp_path):
        page = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
        (tmp_path / ".env").write_text(page.partition("```sh\n")[2].partition("```")[0])
        assert len(dotenv_values(tmp_path / ".env")) == 4
        settings = load({}, env_file=tmp_path / ".env")
        assert len(settings.turn_urls) == 2

    def test_drift_is_told(self, tmp_path):
        for part in ("service", "tools"):
            (tmp_path / part).symlink_to(ROOT / part)
        (tmp_path / "docs").mkdir()
        (tmp_path / "docs" / "settings.md").write_text("old\n")
        tool = (ROOT / "tools" / "settings_docs.py").read_text(encoding="utf-8")
        (tmp_path / "settings_docs.py").write_text(tool.replace(".parent.parent", ".parent"))
        drifted = subprocess.run(
            [sys.executable, tmp_path / "settings_docs.py", "--check"],
            capture_output=True,
            text=True,
            check=False,
        )
        assert drifted.returncode == 1
        assert "run tools/settings_docs.py" in drifted.stdout
        assert (tmp_path / "docs" / "settings.md").read_text() == "old\n"

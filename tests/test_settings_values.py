"""Properties of single values: what is accepted stays as it is, what is refused says so."""

import ipaddress
import json

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from service.cli.config import written
from service.settings import Settings, SettingsError, load, variable
from service.settings.mistakes import bounds, wanted

SECRET = "0123456789abcdef0123456789abcdef"
KEY = {"RINGLINE_JWT_SECRET": SECRET}
TURN = {"RINGLINE_TURN_SECRET": "s", "RINGLINE_TURN_URLS": "turn:a"}

words = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?", fullmatch=True)
names = st.lists(words, min_size=1, max_size=4).map(".".join)
hosts = st.one_of(
    names,
    st.ip_addresses(v=4).map(str),
    st.ip_addresses(v=6).map("[{}]".format),
)
ports = st.integers(1, 65_535)
colon_ports = st.one_of(st.just(""), ports.map(":{}".format))
quick = hypothesis_settings(max_examples=50)


def loaded(name, value, **more):
    return getattr(load({**KEY, **more, variable(name): value}, env_file=None), name)


def refused(name, value, **more):
    with pytest.raises(SettingsError) as wrong:
        load({**KEY, **more, variable(name): value}, env_file=None)
    return wrong.value.mistakes


class TestUrls:
    @quick
    @given(
        scheme=st.sampled_from(["turn", "turns"]),
        host=hosts,
        port=colon_ports,
        transport=st.sampled_from(["", "?transport=udp", "?transport=tcp"]),
    )
    def test_every_turn_url_of_the_grammar_is_kept(self, scheme, host, port, transport):
        url = f"{scheme}:{host}{port}{transport}"
        assert loaded("turn_urls", url, RINGLINE_TURN_SECRET="s") == (url,)

    @quick
    @given(host=hosts, port=st.one_of(st.just(0), st.integers(65_536, 99_999)))
    def test_no_port_beyond_the_last(self, host, port):
        for name, scheme in (("turn_urls", "turn:"), ("stun_urls", "stun:")):
            (said,) = refused(name, f"{scheme}{host}:{port}", **TURN)
            assert f'"{scheme}{host}:{port}" is not a ' in said

    @quick
    @given(host=hosts, port=colon_ports, user=words, password=words)
    def test_no_user_and_no_password(self, host, port, user, password):
        url = f"turn:{user}:{password}@{host}{port}"
        (said,) = refused("turn_urls", url, RINGLINE_TURN_SECRET="s")
        assert f"{user}:{password}@" not in said

    @quick
    @given(scheme=st.sampled_from(["http", "https"]), host=hosts, port=colon_ports)
    def test_an_origin_is_what_a_browser_would_send(self, scheme, host, port):
        (origin,) = loaded("cors_origins", f"{scheme}://{host}{port}".upper())
        assert origin == origin.lower()
        assert not origin.endswith(":443" if scheme == "https" else ":80")
        assert loaded("cors_origins", origin) == (origin,)

    @quick
    @given(host=hosts, path=st.from_regex(r"[/?#][a-z]{0,5}", fullmatch=True))
    def test_an_origin_has_no_path(self, host, path):
        assert len(refused("cors_origins", f"https://{host}{path}")) == 1


class TestNetworks:
    @quick
    @given(address=st.ip_addresses(), length=st.integers(0, 32))
    def test_a_network_is_kept_by_its_base(self, address, length):
        (network,) = loaded("trusted_proxies", f"{address}/{length}")
        assert address in ipaddress.ip_network(network)
        assert loaded("trusted_proxies", network) == (network,)

    @quick
    @given(address=st.ip_addresses())
    def test_an_address_is_kept_as_it_is(self, address):
        assert loaded("trusted_proxies", str(address)) == (str(address),)
        assert loaded("host", str(address)) == (str(address),)


class TestLists:
    @quick
    @given(
        urls=st.lists(names.map("stun:{}".format), min_size=1, max_size=5),
        comma=st.sampled_from([",", " ,", ", ", ",,"]),
    )
    def test_the_order_is_kept_and_blanks_do_not_count(self, urls, comma):
        assert loaded("stun_urls", comma.join(urls)) == tuple(urls)

    @quick
    @given(lists=st.dictionaries(words, st.lists(names.map("turn:{}".format), min_size=1)))
    def test_regions_are_kept(self, lists):
        kept = loaded("turn_regions", json.dumps(lists), **TURN)
        assert kept == {name: tuple(urls) for name, urls in lists.items()}

    def test_json_of_any_depth_is_a_sentence(self):
        (said,) = refused("turn_regions", "[" * 100_000, **TURN)
        assert "is not a JSON object of lists" in said


class TestAnything:
    @quick
    @given(
        name=st.sampled_from(sorted(set(Settings.model_fields) - {"secrets_dir"})),
        text=st.text(st.characters(codec="utf-8", exclude_characters="\0")),
    )
    def test_any_text_is_a_setting_or_a_sentence(self, name, text):
        mistakes: tuple[str, ...] = ()
        try:
            load({**KEY, variable(name): text}, env_file=None)
        except SettingsError as wrong:
            mistakes = wrong.mistakes
        for sentence in mistakes:
            assert "RINGLINE_" in sentence
            assert sentence.endswith(".")
            assert "Value error" not in sentence


class TestWords:
    @pytest.mark.parametrize(
        ("setting", "words"),
        [
            ("ring_timeout", "from 15 to 120"),
            ("ping_interval", "from 1 upwards"),
            ("rate_limit_scale", "above 0"),
            ("jwt_issuer", ""),
        ],
    )
    def test_what_a_number_lies_between(self, setting, words):
        assert bounds(Settings.model_fields[setting]) == words

    def test_what_a_setting_must_be(self):
        fields = Settings.model_fields
        assert wanted(fields["max_call_duration"]) == "must be a whole number from 1 upwards"
        assert wanted(fields["transports"]) == "must be one of websocket, polling"

    @pytest.mark.parametrize(
        ("value", "text"),
        [
            (None, ""),
            (True, "true"),
            (False, "false"),
            (1.5, "1.5"),
            (("a", "b"), "a,b"),
            ((), ""),
            ({}, ""),
            ({"eu": ("turn:a",)}, '{"eu": ["turn:a"]}'),
            ("a\nb", "a\\nb"),
        ],
    )
    def test_how_a_value_is_written(self, value, text):
        assert written(value) == text

"""turnserver.conf under both profiles, and what the entrypoint says to a mistake."""

from pathlib import Path

import pytest

from tests.coturn.conftest import NORTH
from tests.support.coturn_entrypoint import Deployed, run, share, variables

pytestmark = pytest.mark.e2e

TLS = {"TLS_CERT_FILE": __file__, "TLS_KEY_FILE": __file__}
METRICS = {"PROMETHEUS_ADDRESS": "10.77.0.1"}


def configured(folder: Path, **changes: str) -> list[str]:
    """The lines that come of some variables."""
    printed = run(variables(folder, **changes), "config")
    assert printed.returncode == 0, printed.stderr
    return printed.stdout.splitlines()


def options(release: str) -> tuple[set[str], set[str]]:
    """What a release understands, and what it understands but advises against."""
    lines = (Path(__file__).parent / f"options-{release}.txt").read_text().splitlines()
    names = [line for line in lines if not line.startswith("#")]
    return {name for name in names if name[0] != "-"}, {
        name[2:] for name in names if name[0] == "-"
    }


def names(lines: list[str]) -> set[str]:
    return {line.partition("=")[0] for line in lines}


def test_4_6_understands_every_line(coturn: Deployed):
    assert "Bad configuration format" not in coturn.log
    assert "CONFIG ERROR" not in coturn.log
    assert "no-dtls" in coturn.configuration


@pytest.mark.parametrize("changes", [{}, TLS, METRICS, {**TLS, **METRICS}])
def test_4_17_knows_every_option_and_none_is_deprecated(tmp_path, changes):
    known, deprecated = options("4.17.1")
    used = names(configured(tmp_path, PROFILE="4.17", EXTERNAL_IP="11.22.33.44", **changes))
    assert len(known) > 100
    assert "no-cli" in deprecated
    assert used <= known
    assert {"use-auth-secret", "realm", "external-ip", "user-quota", "denied-peer-ip"} <= used


@pytest.mark.parametrize(
    ("outside", "mapped"),
    [
        ("192.0.2.7", ["192.0.2.7/10.0.0.7"]),
        ("2001:db8::7", ["2001:db8::7/fd00::7"]),
        ("2001:db8::7,192.0.2.7", ["2001:db8::7/fd00::7", "192.0.2.7/10.0.0.7"]),
        ("10.0.0.7,2001:db8::7", ["2001:db8::7/fd00::7"]),
        ("fd00::7", []),
    ],
)
@pytest.mark.parametrize("relays", ["10.0.0.7,fd00::7", "fd00::7,10.0.0.7"])
def test_an_external_address_stands_for_the_relay_address_of_its_family(
    tmp_path, outside, mapped, relays
):
    lines = configured(tmp_path, EXTERNAL_IP=outside, RELAY_IP=relays)
    assert [one for one in lines if one.startswith("external-ip=")] == [
        f"external-ip={one}" for one in mapped
    ]


def test_a_node_s_address_of_a_family_that_its_pods_lack_is_left_out(tmp_path):
    lines = configured(tmp_path, EXTERNAL_IP="2001:db8::7,192.0.2.7", RELAY_IP="10.0.0.7")
    assert [one for one in lines if "external" in one] == ["external-ip=192.0.2.7/10.0.0.7"]


def test_a_drain_ends_early_with_a_few_relays_left_where_coturn_knows_how(tmp_path):
    told = {"DRAIN_MIN_ALLOCATIONS": "5"}
    assert "drain-min-allocations=5" in configured(tmp_path, PROFILE="4.17", **told)
    assert "drain-min-allocations" not in names(configured(tmp_path, PROFILE="4.6", **told))


def test_the_profiles_differ_in_what_4_17_does_by_itself(tmp_path):
    older, newer = (configured(tmp_path, PROFILE=profile) for profile in ("4.6", "4.17"))
    assert set(newer) < set(older)
    assert names(older) - names(newer) == {
        "simple-log", "no-cli", "no-rfc5780", "no-stun-backward-compatibility",
        "no-software-attribute", "no-tlsv1", "no-tlsv1_1", "no-dtls",
    }  # fmt: skip
    assert [line for line in older if "::ffff:0:0-" in line]
    assert not [line for line in newer if "::ffff:0:0-" in line]


def test_it_is_hardened(tmp_path):
    lines = configured(tmp_path, PROFILE="4.17", MIN_PORT="50000", MAX_PORT="50099")
    assert {
        "use-auth-secret", "fingerprint", "stale-nonce=600", "no-multicast-peers", "no-tcp-relay",
        "max-allocate-lifetime=3600", "total-quota=100", "user-quota=48", "no-tls",
        "max-bps=750000",
    } <= set(lines)  # fmt: skip
    assert not {"static-auth-secret", "cli", "web-admin", "prometheus"} & names(lines)


def test_metrics_have_no_user_names(tmp_path):
    lines = configured(tmp_path, PROFILE="4.17", **METRICS)
    assert {"prometheus", "prometheus-address=10.77.0.1", "prometheus-port=9641"} <= set(lines)
    assert "prometheus-username-labels" not in names(lines)


def test_networks_become_ranges(tmp_path):
    denied = "9.8.7.6/31, 2a00:1::/47,::/0,0.0.0.0/0,1.1.1.1, 2.2.2.2-2.2.2.9"
    lines = configured(tmp_path, DENIED_PEERS=denied)
    assert [line.partition("=")[2] for line in lines if line.startswith("denied-peer-ip=")][:6] == [
        "9.8.7.6-9.8.7.7",
        "2a00:1:0:0:0:0:0:0-2a00:1:1:ffff:ffff:ffff:ffff:ffff",
        "::1-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
        "0.0.0.0-255.255.255.255",
        "1.1.1.1",
        "2.2.2.2-2.2.2.9",
    ]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"REALM": ""}, "TURN_REALM is missing: set the name that clients are shown"),
        ({"REALM": "a b"}, "TURN_REALM is 'a b': set letters"),
        ({"LISTENING_IP": ""}, "TURN_LISTENING_IP is missing: set"),
        ({"RELAY_IP": "turn.example.org"}, "TURN_RELAY_IP is 'turn.example.org': set an IP"),
        ({"EXTERNAL_IP": "me"}, "TURN_EXTERNAL_IP is 'me': set an IP address"),
        ({"EXTERNAL_IP": "2001:db8::7"}, "TURN_EXTERNAL_IP is '2001:db8::7', and TURN_RELAY_IP"),
        ({"SCRATCH": "/nowhere"}, "TURN_SCRATCH is '/nowhere': set a directory"),
        ({"PORT": "0"}, "TURN_PORT is '0': set a whole number from 1 to 65535"),
        ({"MIN_PORT": "9", "MAX_PORT": "8"}, "TURN_MIN_PORT is above TURN_MAX_PORT: set"),
        ({"TOTAL_QUOTA": "99999"}, "TURN_TOTAL_QUOTA is '99999': set a whole number from 1 to 163"),
        ({"DRAIN_SECONDS": "2h"}, "TURN_DRAIN_SECONDS is '2h': set a whole number"),
        ({"DRAIN_MIN_ALLOCATIONS": "-1"}, "TURN_DRAIN_MIN_ALLOCATIONS is '-1': set a whole"),
        ({"MAX_BPS": "1M"}, "TURN_MAX_BPS is '1M': set a whole number"),
        ({"PROFILE": "4.5"}, "TURN_PROFILE is '4.5': set 4.17 or 4.6"),
        ({"PROMETHEUS_PORT": "9641"}, "coturn 4.6 has no metrics: unset"),
        ({"PROFILE": "4.17", "PROMETHEUS_PORT": "1"}, "TURN_PROMETHEUS_ADDRESS is missing: set"),
        ({"TLS_CERT_FILE": __file__}, "TURN_TLS_KEY_FILE is missing: set"),
        ({"TLS_CERT_FILE": "/n", "TLS_KEY_FILE": "/n"}, "TURN_TLS_CERT_FILE is '/n', which cannot"),
        ({"DENIED_PEERS": "1.1.1.1,10.0.0.0/33"}, "TURN_DENIED_PEERS has '10.0.0.0/33': set"),
        ({"DENIED_PEERS": "10.0.0"}, "TURN_DENIED_PEERS has '10.0.0': set"),
        ({"DENIED_PEERS": "a::b::c/64"}, "TURN_DENIED_PEERS has 'a::b::c/64': set"),
        ({"DENIED_PEERS": "pods"}, "TURN_DENIED_PEERS has 'pods': set"),
        ({"DISCOVER_STUN": "stun.example.org"}, "TURN_DISCOVER_STUN is 'stun.example.org': set"),
        ({"SECRET_FILE": ""}, "TURN_SECRET_FILE is missing: set"),
        ({"SECRET_FILE": "/nowhere"}, "TURN_SECRET_FILE is '/nowhere', which cannot be read."),
    ],
)  # fmt: skip
def test_a_mistake_gets_one_sentence(tmp_path, changes, sentence):
    share(tmp_path, NORTH)
    refused = run(variables(tmp_path, **changes))
    assert refused.returncode == 2
    (line,) = refused.stderr.splitlines()
    assert line.startswith(f"coturn: {sentence}")


@pytest.mark.parametrize(
    ("secret", "sentence"),
    [("", "holds no secret"), ("it's", "a secret that coturn cannot keep"),
     ("two words", "cannot keep"), ("x" * 256, "cannot keep"), ("größe", "cannot keep"),
     ('a"b', "cannot keep"), ("=front", "cannot keep"), ("tab\tbed", "cannot keep")],
)  # fmt: skip
def test_so_does_a_secret_that_cannot_be_used(tmp_path, secret, sentence):
    share(tmp_path, secret)
    refused = run(variables(tmp_path))
    assert refused.returncode == 2
    (line,) = refused.stderr.splitlines()
    assert sentence in line


def test_an_unknown_word(tmp_path):
    refused = run(variables(tmp_path), "stop")
    assert (refused.returncode, refused.stderr.count("\n")) == (2, 1)

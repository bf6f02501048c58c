"""What a pod is given, read by the service itself: `ringline serve` would start with it."""

import argparse
import base64
from pathlib import Path
from typing import Any

import pytest

from deploy.chart_values.schema import OWN, settings
from service.cli.probe.options import declare
from service.settings import Settings, load
from tests.chart.rendering import CASES, Rendering, rendered

pytestmark = pytest.mark.chart

BROUGHT = {
    "jwt_secret": "k" * 32,
    "turn_secret": "t" * 32,
    "cloudflare_turn_api_token": "cloudflare-token",
    "twilio_api_secret": "twilio-secret",
    "turn_static_servers": '[{"urls": "turn:t.example.org", "username": "u", "credential": "c"}]',
}
"""What an operator's own Secrets would hold."""


def arrived(rendering: Rendering, folder: Path) -> Settings:
    """The settings of the service's container, its secret files written to the folder."""
    (pod,) = [t for t in rendering.of("Deployment") if "canary" not in t.name]
    (source,) = pod.container("ringline")["envFrom"]
    environ = rendering.one("ConfigMap", source["configMapRef"]["name"]).tree["data"]
    (mount,) = [m for m in pod.container("ringline")["volumeMounts"] if m["name"] == "secrets"]
    assert environ["RINGLINE_SECRETS_DIR"] == mount["mountPath"]
    (volume,) = [v for v in pod.pod["volumes"] if v["name"] == "secrets"]
    made = {secret.name: secret.tree["data"] for secret in rendering.of("Secret")}
    for one in volume["projected"]["sources"]:
        (item,) = one["secret"]["items"]
        held = made.get(one["secret"]["name"])
        text = base64.b64decode(held[item["key"]]).decode() if held else BROUGHT[item["key"]]
        (folder / item["path"]).write_text(text)
    return load({**environ, "RINGLINE_SECRETS_DIR": str(folder)}, env_file=None)


@pytest.mark.parametrize("case", CASES)
def test_the_service_takes_what_it_is_given(case: str, tmp_path: Path):
    settings = arrived(rendered(case), tmp_path)
    assert bool(settings.turn_urls) is ("coturn" in settings.turn_provider)
    assert all(len(secret.get_secret_value()) >= 16 for secret in settings.turn_secret)


def test_every_kind_of_value_arrives_as_it_was_meant(tmp_path: Path):
    settings = arrived(rendered("full"), tmp_path)
    assert settings.cors_origins == ("https://app.example.org", "https://beta.example.org")
    assert settings.max_message_bytes == 1_048_576
    assert settings.rate_limit_scale == 1.5
    assert settings.call_waiting is True
    assert settings.turn_regions == {"eu": ("turn:eu.example.org",)}
    assert [secret.get_secret_value()[:3] for secret in settings.turn_secret] == ["new", "old"]


@pytest.mark.parametrize(
    ("case", "urls"),
    [
        ("default", ["turn:ringline-turn.calls.svc:3478?transport=udp",
                     "turn:ringline-turn.calls.svc:3478?transport=tcp"]),
        ("full", ["turn:turn.example.org:3478?transport=udp",
                  "turn:turn.example.org:3478?transport=tcp",
                  "turns:turn.example.org:443?transport=tcp"]),
        ("turn-443", ["turn:turn.example.org:3478?transport=udp",
                      "turn:turn.example.org:3478?transport=tcp",
                      "turns:turns.example.org:443?transport=tcp"]),
        ("daemonset-node", ["turn:turn.example.org:3478?transport=udp",
                            "turn:turn.example.org:3478?transport=tcp",
                            "turns:turn.example.org:5349?transport=tcp"]),
        ("daemonset-stun", ["turn:ringline-turn.media.svc:3478?transport=udp",
                            "turn:ringline-turn.media.svc:3478?transport=tcp"]),
        ("load-balancer", ["turn:[2001:db8::10]:3478?transport=udp",
                           "turn:[2001:db8::10]:3478?transport=tcp"]),
        ("external", ["turn:turn.example.org:3478?transport=udp",
                      "turns:turn.example.org:443?transport=tcp"]),
    ],
)  # fmt: skip
def test_clients_are_given_the_way_to_turn(case: str, urls: list[str], tmp_path: Path):
    assert list(arrived(rendered(case), tmp_path).turn_urls) == urls


def test_accounts_at_providers_arrive_with_their_secrets(tmp_path: Path):
    settings = arrived(rendered("providers"), tmp_path)
    assert settings.turn_provider == ("cloudflare", "twilio", "static")
    assert settings.turn_secret == ()
    for name in ("cloudflare_turn_api_token", "twilio_api_secret", "turn_static_servers"):
        assert getattr(settings, name).get_secret_value() == BROUGHT[name]


def test_a_provider_stands_in_for_the_coturn_of_the_pod(tmp_path: Path):
    values = {
        "turn": {"providers": ["coturn", "cloudflare"], "providersSecret": "turn-accounts"},
        "settings": {"cloudflareTurnKeyId": "5f"},
    }
    settings = arrived(rendered(set_values=values), tmp_path)
    assert settings.turn_provider == ("coturn", "cloudflare")
    assert settings.turn_urls
    assert not (tmp_path / "twilio_api_secret").exists()


def test_the_longest_drain_arrives(tmp_path: Path):
    values = {"drain": {"windowSeconds": 86_000}, "terminationGracePeriodSeconds": 86_400}
    assert arrived(rendered(set_values=values), tmp_path).drain_window == 86_000


def test_every_setting_but_the_charts_own_may_be_given():
    known = set(Settings.model_fields)
    assert len(settings()["properties"]) == len(known - OWN)


def test_the_probe_knows_its_arguments():
    parser = argparse.ArgumentParser(exit_on_error=False)
    declare(parser, int)
    for case in ("full", "external"):
        for thing in rendered(case).workloads:
            for one in thing.containers:
                if one.get("command") == ["ringline", "probe"]:
                    chosen: Any = parser.parse_args(one["args"])
                    assert chosen.url

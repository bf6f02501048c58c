"""What a change restarts, and how a pod ends."""

from typing import Any

import pytest

from tests.chart.rendering import CASES, KUBES, rendered

pytestmark = pytest.mark.chart


def template(values: dict[str, Any], kind: str = "Deployment", case: str = "gitops") -> Any:
    """The pod template: when it changes, pods are replaced."""
    (thing,) = [t for t in rendered(case, set_values=values).of(kind) if "canary" not in t.name]
    return thing.template


GENERATING = {
    "generateSecrets": True,
    "jwt": {"existingSecret": ""},
    "turn": {"existingSecret": ""},
}


@pytest.mark.parametrize(
    "change",
    [
        {"settings": {"ringTimeout": 20}},
        {"settings": {"corsOrigins": ["https://b.example.org"]}},
        {"turn": {"host": "b.example.org"}},
        {"turn": {"userQuota": 24}},
        {"jwt": {"existingSecret": "others"}},
        {"drain": {"windowSeconds": 20}},
    ],
    ids=str,
)
def test_a_changed_setting_replaces_the_pod(change: dict[str, Any]):
    assert template(change) != template({})


def test_a_rotation_of_the_tokens_key_replaces_nothing():
    def with_keys(keys: str) -> Any:
        return template({**GENERATING, "jwt": {"existingSecret": "", "secret": keys}})

    old, new = "a" * 40, "b" * 40
    assert with_keys(old) == with_keys(f"{new},{old}") == with_keys(new)


@pytest.mark.parametrize("kind", ["Deployment", "DaemonSet"])
def test_a_rotation_of_turn_secrets_replaces_nothing(kind: str):
    mode = "sidecar" if kind == "Deployment" else "daemonset"

    def with_secrets(*secrets: str) -> Any:
        turn = {"existingSecret": "", "secrets": list(secrets), "mode": mode}
        return template({"turn": turn}, kind)

    assert with_secrets("a" * 32) == with_secrets("b" * 32, "a" * 32) == with_secrets("b" * 32)


def test_generated_secrets_replace_nothing_by_themselves():
    """Each rendering without a cluster makes new ones; only the Secrets differ."""
    first = rendered().one("Deployment", "ringline")
    again = rendered(set_values={"probe": {"canary": {"everySeconds": 60}}})
    assert again.one("Deployment", "ringline") == first
    assert again.one("Secret", "ringline-jwt") != rendered().one("Secret", "ringline-jwt")


def test_an_upgrade_of_the_service_leaves_a_daemonset_alone():
    values = {"turn": {"mode": "daemonset"}}
    assert template(values, "DaemonSet") == template(
        {**values, "image": {"tag": "9.9.9"}, "settings": {"ringTimeout": 20}}, "DaemonSet"
    )


@pytest.mark.parametrize("kube", KUBES)
def test_a_pause_before_the_end_needs_no_command_where_kubernetes_can_pause(kube: str):
    service = rendered(kube=kube).one("Deployment", "ringline").container("ringline")
    pause = {"exec": {"command": ["sleep", "5"]}} if kube == "1.29" else {"sleep": {"seconds": 5}}
    assert service["lifecycle"]["preStop"] == pause


@pytest.mark.parametrize("case", CASES)
def test_a_pod_is_left_the_time_that_it_needs_to_end(case: str):
    rendering = rendered(case)
    for thing in rendering.workloads:
        names = [one["name"] for one in thing.containers]
        grace = thing.pod.get("terminationGracePeriodSeconds", 30)
        if "ringline" in names:
            pre_stop = thing.container("ringline").get("lifecycle", {}).get("preStop")
            delay = pre_stop["sleep"]["seconds"] if pre_stop else 0
            (settings,) = [c for c in rendering.of("ConfigMap") if c.name == thing.name]
            assert grace > delay + int(settings.tree["data"]["RINGLINE_DRAIN_WINDOW"])
        if "coturn" in names:
            env = {one["name"]: one.get("value") for one in thing.container("coturn")["env"]}
            assert grace > int(str(env["TURN_DRAIN_SECONDS"]))

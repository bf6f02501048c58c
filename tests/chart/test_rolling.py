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
def test_the_next_pod_is_ready_before_the_last_one_stops(case: str):
    """So is an image that nobody can pull: it stops nothing. No port of the node is in the way."""
    deployment = next(t for t in rendered(case).of("Deployment") if "canary" not in t.name)
    spec = deployment.tree["spec"]
    rolling = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}
    assert spec["strategy"] == (rolling if case != "extras" else {"type": "Recreate"})
    assert spec["replicas"] == 1
    assert "hostNetwork" not in deployment.pod
    ports = [port for one in deployment.containers for port in one.get("ports", [])]
    assert not any("hostPort" in port for port in ports)


def test_a_draining_pod_stays_ready():
    """kube-proxy ends the UDP flows to a pod that is not, and with them what its coturn relays."""
    probe = rendered().one("Deployment", "ringline").container("ringline")["readinessProbe"]
    assert probe["httpGet"]["path"] == "/readyz?exclude=draining"


def test_coturn_in_the_pod_is_stopped_after_the_service_and_at_once():
    coturn = rendered().one("Deployment", "ringline").container("coturn")
    assert coturn["restartPolicy"] == "Always"
    assert "lifecycle" not in coturn
    assert not any(one["name"].startswith("TURN_DRAIN") for one in coturn["env"])


@pytest.mark.parametrize(("drain", "grace"), [(0, 10), (30, 40), (7_200, 7_210), (86_400, 86_410)])
def test_coturn_on_the_nodes_drains_for_hours(drain: int, grace: int):
    turn = {"mode": "daemonset", "drainSeconds": drain, "drainMinAllocations": 3}
    daemonset = rendered(set_values={"turn": turn}).one("DaemonSet", "ringline-turn", "calls-turn")
    told = {one["name"]: one.get("value") for one in daemonset.container("coturn")["env"]}
    assert told["TURN_DRAIN_SECONDS"] == str(drain)
    assert told["TURN_DRAIN_MIN_ALLOCATIONS"] == "3"
    assert daemonset.pod["terminationGracePeriodSeconds"] == grace
    assert "lifecycle" not in daemonset.container("coturn")


@pytest.mark.parametrize("case", CASES)
def test_a_pod_is_left_the_time_that_it_needs_to_end(case: str):
    rendering = rendered(case)
    for thing in rendering.workloads:
        grace = thing.pod.get("terminationGracePeriodSeconds", 30)
        if "ringline" in [one["name"] for one in thing.containers]:
            pre_stop = thing.container("ringline").get("lifecycle", {}).get("preStop")
            delay = pre_stop["sleep"]["seconds"] if pre_stop else 0
            (settings,) = [c for c in rendering.of("ConfigMap") if c.name == thing.name]
            assert grace > delay + int(settings.tree["data"]["RINGLINE_DRAIN_WINDOW"])

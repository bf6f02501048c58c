"""Installed, upgraded, removed and installed again: what the chart has made once, it keeps."""

from pathlib import Path

import pytest

from deploy.build import CHART
from tests.chart.cluster import Cluster
from tests.chart.helms import Helm3, Helm4
from tests.chart.rendering import CASES, NAMESPACE, RELEASE

pytestmark = pytest.mark.chart


def install(api: Cluster, *arguments: str | Path, case: str = "default") -> str:
    return api.helm(
        "upgrade", "--install", RELEASE, CHART, "--namespace", NAMESPACE,
        "--create-namespace", "--values", CASES[case], *arguments,
    )  # fmt: skip


def secrets(api: Cluster) -> dict[str, dict[str, str]]:
    """What they hold, by namespace and name; Helm's own left out."""
    return {
        f"{namespace}/{name}": tree["data"]
        for (namespace, resource, name), tree in api.objects.items()
        if resource == "secrets" and not name.startswith("sh.helm.")
    }


@pytest.mark.parametrize("case", ["default", "daemonset-stun"])
def test_an_upgrade_keeps_the_secrets_that_were_made(api: Cluster, case: str):
    api.create("", "namespaces", {"metadata": {"name": "media"}})
    install(api, case=case)
    made = secrets(api)
    assert "calls/ringline-jwt" in made
    install(api, "--set", "settings.ringTimeout=20", case=case)
    settings = api.object(NAMESPACE, "configmaps", RELEASE)["data"]
    assert settings["RINGLINE_RING_TIMEOUT"] == "20"
    assert secrets(api) == made


def test_both_namespaces_keep_one_turn_secret(api: Cluster):
    values = ("--set", "turn.mode=daemonset,turn.host=turn.example.org")
    install(api, *values)
    made = secrets(api)
    assert made["calls/ringline-turn"] == made["calls-turn/ringline-turn"]
    install(api, *values)
    assert secrets(api) == made


def test_a_change_of_mode_keeps_the_turn_secret(api: Cluster):
    install(api)
    made = secrets(api)
    install(api, "--set", "turn.mode=daemonset,turn.host=turn.example.org")
    assert secrets(api)["calls-turn/ringline-turn"] == made["calls/ringline-turn"]


def test_an_upgrade_of_secrets_alone_replaces_no_pod(api: Cluster):
    install(api)
    pods = api.object(NAMESPACE, "deployments", RELEASE)["spec"]["template"]
    install(api)
    assert api.object(NAMESPACE, "deployments", RELEASE)["spec"]["template"] == pods
    before = secrets(api)
    install(api, "--set", f"turn.secrets={{{'n' * 32}}}")
    assert api.object(NAMESPACE, "deployments", RELEASE)["spec"]["template"] == pods
    assert secrets(api)["calls/ringline-turn"] != before["calls/ringline-turn"]
    assert secrets(api)["calls/ringline-jwt"] == before["calls/ringline-jwt"]


def test_secrets_outlive_an_uninstall_and_are_taken_up_again(api: Cluster):
    install(api)
    made = secrets(api)
    api.helm("uninstall", RELEASE, "--namespace", NAMESPACE)
    assert secrets(api) == made
    assert (NAMESPACE, "deployments", RELEASE) not in api.objects
    install(api)
    assert secrets(api) == made


def test_what_a_secret_lacks_is_made(api: Cluster):
    """An empty Secret of that name, as a broken restore may leave it, is filled."""
    install(api)
    api.object(NAMESPACE, "secrets", "ringline-jwt")["data"] = {}
    install(api)
    assert secrets(api)["calls/ringline-jwt"]["jwt_secret"]


def test_without_a_cluster_to_ask_each_rendering_makes_new_ones(api: Cluster):
    """Which is why GitOps, that renders so, must bring its own."""
    install(api)
    found = api.object(NAMESPACE, "secrets", "ringline-turn")["data"]["turn_secret"]
    arguments = ("template", RELEASE, CHART, "--namespace", NAMESPACE)
    assert found in api.helm(*arguments, "--dry-run=server")
    assert found not in api.helm(*arguments)


def test_helm_4_takes_over_what_helm_3_has_installed(api: Cluster):
    Helm3(api).install({})
    made = secrets(api)
    Helm4(api).upgrade({"settings": {"ringTimeout": 20}})
    assert api.object(NAMESPACE, "configmaps", RELEASE)["data"]["RINGLINE_RING_TIMEOUT"] == "20"
    assert secrets(api) == made
    assert "ran: ringline probe" in Helm4(api).test()
    Helm4(api).uninstall()
    assert (NAMESPACE, "deployments", RELEASE) not in api.objects

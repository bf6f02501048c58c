"""What pods may do: the Pod Security level of each namespace, and no more than they need."""

from collections.abc import Iterator

import pytest

from tests.chart.rendering import CASES, NAMESPACE, Thing, Tree, rendered

pytestmark = pytest.mark.chart

RESTRICTED_VOLUMES = {"configMap", "downwardAPI", "emptyDir", "projected", "secret"}
LESS = {"null"}
"""Cases whose values take the security contexts away."""


def breaches(thing: Thing) -> Iterator[str]:
    """What the restricted level does not allow (Kubernetes, Pod Security Standards)."""
    pod = thing.pod
    for field in ("hostNetwork", "hostPID", "hostIPC"):
        if pod.get(field):
            yield field
    for volume in pod.get("volumes", []):
        yield from (volume.keys() - {"name"}) - RESTRICTED_VOLUMES
    above = pod.get("securityContext", {})
    for one in thing.containers:
        if any("hostPort" in port for port in one.get("ports", [])):
            yield "hostPort"
        yield from of_container(one, {**above, **one.get("securityContext", {})})


def of_container(container: Tree, context: Tree) -> Iterator[str]:
    capabilities = context.get("capabilities", {})
    rules = {
        "allowPrivilegeEscalation": context.get("allowPrivilegeEscalation") is False,
        "runAsNonRoot": context.get("runAsNonRoot") is True,
        "runAsUser": context.get("runAsUser", 0) != 0,
        "seccompProfile": context.get("seccompProfile") == {"type": "RuntimeDefault"},
        "drop": capabilities.get("drop") == ["ALL"],
        "add": set(capabilities.get("add", [])) <= {"NET_BIND_SERVICE"},
    }
    yield from (f"{container['name']}: {rule}" for rule, held in rules.items() if not held)


@pytest.mark.parametrize("case", sorted(CASES.keys() - LESS))
def test_the_namespace_of_the_release_may_be_restricted(case: str):
    for thing in rendered(case).workloads:
        if thing.namespace == NAMESPACE:
            assert list(breaches(thing)) == [], thing


@pytest.mark.parametrize("case", ["daemonset-node", "daemonset-stun"])
def test_a_daemonset_leaves_that_level_for_the_nodes_network_alone(case: str):
    (daemonset,) = rendered(case).of("DaemonSet")
    assert daemonset.namespace != NAMESPACE
    assert list(breaches(daemonset)) == ["hostNetwork"]


def test_its_namespace_says_so():
    namespace = rendered("daemonset-node").one("Namespace", "calls-turn")
    assert namespace.labels["pod-security.kubernetes.io/enforce"] == "privileged"
    assert rendered("daemonset-stun").of("Namespace") == []
    assert {t.namespace for t in rendered("daemonset-stun").of("DaemonSet")} == {"media"}


@pytest.mark.parametrize("case", CASES)
def test_host_ports_are_those_of_the_daemonset_alone(case: str):
    for thing in rendered(case).workloads:
        assert not [p for c in thing.containers for p in c.get("ports", []) if "hostPort" in p]
        assert thing.pod.get("hostNetwork", False) is (thing.kind == "DaemonSet")


@pytest.mark.parametrize("case", sorted(CASES.keys() - LESS))
def test_no_container_writes_to_its_own_image(case: str):
    for thing in rendered(case).workloads:
        for one in thing.containers:
            assert one["securityContext"]["readOnlyRootFilesystem"] is True, f"{thing}"


@pytest.mark.parametrize("case", CASES)
def test_no_token_of_the_cluster_is_mounted_by_itself(case: str):
    for thing in rendered(case).workloads:
        assert thing.pod["automountServiceAccountToken"] is False
        # A Service named ringline would be RINGLINE_PORT=tcp://…
        assert thing.pod["enableServiceLinks"] is False
    for account in rendered(case).of("ServiceAccount"):
        assert account.tree["automountServiceAccountToken"] is False


def test_nodes_are_read_only_where_that_was_chosen():
    node = rendered("daemonset-node")
    (role,) = node.of("ClusterRole")
    assert role.tree["rules"] == [{"apiGroups": [""], "resources": ["nodes"], "verbs": ["get"]}]
    (binding,) = node.of("ClusterRoleBinding")
    account = binding.tree["subjects"][0]
    node.one("ServiceAccount", account["name"], account["namespace"])
    (daemonset,) = node.of("DaemonSet")
    assert daemonset.pod["serviceAccountName"] == account["name"]
    mounting = [
        one["name"]
        for one in daemonset.containers
        if any(mount["name"] == "token" for mount in one["volumeMounts"])
    ]
    assert mounting == ["node-address"]
    for case in CASES.keys() - {"daemonset-node", "daemonset-extras"}:
        assert rendered(case).of("ClusterRole") == []


def test_coturn_has_the_one_capability_that_its_binary_asks_for():
    """The official image sets it on the file; without, the kernel answers exec with EPERM."""
    for case in ("default", "daemonset-node"):
        (thing,) = [t for t in rendered(case).workloads if "coturn" in str(t.pod)]
        capabilities = thing.container("coturn")["securityContext"]["capabilities"]
        assert capabilities == {"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]}

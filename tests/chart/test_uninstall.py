"""What `helm uninstall` leaves, by Helm 3 and 4: what the operator made, and what Helm lists."""

import pytest
import yaml

from deploy.build import CHART
from tests.chart.cluster import Cluster
from tests.chart.helms import Helm, Helm3
from tests.chart.rendering import NAMESPACE, Refused, Tree

pytestmark = pytest.mark.chart

ON_NODES: Tree = {"turn": {"mode": "daemonset", "host": "turn.example.org"}}
CERTIFICATE = ("calls-turn", "secrets", "turn-example-org")


def put_a_certificate(api: Cluster) -> None:
    namespace, resource, name = CERTIFICATE
    tree = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name},
        "data": {"tls.key": ""},
    }
    api.create(namespace, resource, tree)


def left(api: Cluster) -> list[str]:
    """What was of the release, as Helm lists it: by kind and name."""
    return [
        f"[{tree['kind']}] {name}"
        for (_, _, name), tree in api.objects.items()
        if "meta.helm.sh/release-name" in tree["metadata"].get("annotations", {})
    ]


def test_what_the_operator_put_beside_coturn_stays(api: Cluster, helm: Helm):
    helm.install(ON_NODES)
    put_a_certificate(api)
    helm.uninstall()
    assert CERTIFICATE in api.objects
    assert ("calls-turn", "secrets", "ringline-turn") in api.objects
    assert ("calls-turn", "daemonsets", "ringline-turn") not in api.objects


@pytest.mark.parametrize("values", [{}, ON_NODES], ids=["sidecar", "daemonset"])
def test_helm_lists_what_is_left(api: Cluster, helm: Helm, values: Tree):
    helm.install(values)
    listed = helm.uninstall().splitlines()
    assert sorted(line for line in listed if line.startswith("[")) == sorted(left(api))


def test_what_is_left_is_taken_up_again(api: Cluster, helm: Helm):
    helm.install(ON_NODES)
    made = api.object("calls-turn", "secrets", "ringline-turn")["data"]
    put_a_certificate(api)
    helm.uninstall()
    helm.install(ON_NODES)
    assert api.object("calls-turn", "secrets", "ringline-turn")["data"] == made
    assert api.object(NAMESPACE, "secrets", "ringline-turn")["data"] == made


def test_an_upgrade_to_another_mode_leaves_it_too(api: Cluster, helm: Helm):
    helm.install(ON_NODES)
    put_a_certificate(api)
    helm.upgrade({"turn": {"mode": "sidecar"}})
    assert CERTIFICATE in api.objects
    assert ("calls-turn", "daemonsets", "ringline-turn") not in api.objects


def test_a_release_of_another_name_finds_the_namespace_taken(api: Cluster):
    Helm3(api).install(ON_NODES)
    Helm3(api).uninstall()
    other = ("install", "other", CHART, "--namespace", NAMESPACE, "--values", "-")
    with pytest.raises(Refused, match="invalid ownership metadata"):
        api.helm(*other, given=yaml.safe_dump(ON_NODES))
    there = {**ON_NODES["turn"], "daemonset": {"createNamespace": False}}
    api.helm(*other, given=yaml.safe_dump({"turn": there}))

"""Ports through upgrades, by Helm 3 and 4: TURN has one number for UDP and TCP."""

from operator import itemgetter
from typing import Any

import pytest

from tests.chart.cluster import Cluster
from tests.chart.helms import Helm
from tests.chart.rendering import NAMESPACE, Tree, rendered

pytestmark = pytest.mark.chart

PLAIN: Tree = {"turn": {"externalIP": "192.0.2.10", "relayPorts": None}}
TLS: Tree = {"turn": {**PLAIN["turn"], "tls": {"existingSecret": "turn-tls"}}}
RELAYS: Tree = {"turn": {**PLAIN["turn"], "relayPorts": {"min": 50000, "max": 50009}}}


def ports(service: Tree, deployment: Tree) -> list[dict[str, Any]]:
    """Of the Service of TURN and of coturn, by name, without what the cluster has given them."""
    (coturn,) = deployment["spec"]["template"]["spec"]["initContainers"]
    both = [
        *sorted(service["spec"]["ports"], key=itemgetter("name")),
        *sorted(coturn["ports"], key=itemgetter("name")),
    ]
    return [{key: part for key, part in port.items() if key != "nodePort"} for port in both]


@pytest.mark.parametrize(
    ("before", "after"),
    [(PLAIN, TLS), (TLS, PLAIN), (PLAIN, RELAYS), (RELAYS, PLAIN), (RELAYS, TLS)],
    ids=["with TLS", "without TLS", "with relays", "without relays", "TLS for relays"],
)
def test_an_upgrade_has_the_ports_of_an_installation(
    api: Cluster, helm: Helm, before: Tree, after: Tree
):
    helm.install(before)
    helm.upgrade(after)
    new = rendered(set_values=after)
    assert ports(
        api.object(NAMESPACE, "services", "ringline-turn"),
        api.object(NAMESPACE, "deployments", "ringline"),
    ) == ports(new.one("Service", "ringline-turn").tree, new.one("Deployment", "ringline").tree)


def test_node_ports_that_a_service_has_stay(api: Cluster, helm: Helm):
    """As the pages say: Kubernetes takes none back, until the Service is deleted."""
    helm.install(PLAIN)
    helm.upgrade(RELAYS)
    spec = api.object(NAMESPACE, "services", "ringline-turn")["spec"]
    assert spec["allocateLoadBalancerNodePorts"] is False
    assert [port["port"] for port in spec["ports"] if "nodePort" in port] == [3478, 3478]

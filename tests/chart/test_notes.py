"""What Helm says at the end: the next command, and the values that are still missing."""

from collections.abc import Iterator
from functools import cache

import pytest

from deploy.build import CHART
from tests.chart.cluster import Cluster, cluster
from tests.chart.rendering import CASES, NAMESPACE, RELEASE

pytestmark = pytest.mark.chart


@pytest.fixture(scope="module")
def api(tmp_path_factory) -> Iterator[Cluster]:
    with cluster(tmp_path_factory.mktemp("cluster")) as api:
        yield api


@cache
def notes(api: Cluster, case: str) -> str:
    said = api.helm(
        "install", RELEASE, CHART, "--namespace", NAMESPACE, "--values", CASES[case],
        "--dry-run=client",
    )  # fmt: skip
    return said.partition("\nNOTES:\n")[2]


@pytest.mark.parametrize("case", CASES)
def test_they_tell_the_next_command_in_tidy_lines(api: Cluster, case: str):
    said = notes(api, case)
    assert "helm test ringline --namespace calls --logs" in said
    assert "\n\n\n" not in said
    assert all(line == line.rstrip() for line in said.splitlines())


TOKEN = "kubectl exec --namespace calls deploy/ringline -c ringline -- ringline token --sub alice"


def test_they_tell_how_to_make_a_token_where_the_chart_has_the_key(api: Cluster):
    assert TOKEN in notes(api, "default")
    assert TOKEN in notes(api, "gitops")
    assert "ringline token" not in notes(api, "external")


@pytest.mark.parametrize(
    ("case", "sentence"),
    [
        ("default", "ringline-test, stays with its log until the next test"),
        ("default", "two users who both relay meet inside the pod"),
        ("default", "An upgrade cuts relayed media once the service has drained, 35 s at most;"),
        ("default", "set turn.service.type to NodePort or ClusterIP."),
        ("relay-ports", "needs turn.service.allocateLoadBalancerNodePorts true."),
        ("relay-ports", "Relays are reached at 192.0.2.10, ports 49152 to 49251."),
        (
            "daemonset-node",
            "on the nodes' own network (turn.mode daemonset), in namespace calls-turn",
        ),
        ("daemonset-node", "UDP 50000 to 54999 from anywhere"),
        ("daemonset-stun", "Secret turn must be in that namespace, too."),
        ("daemonset-extras", "Secret mirror must be in that namespace, too."),
        ("external", "TURN is elsewhere (turn.mode external): turn:turn.example.org:3478"),
        ("providers", "TURN is elsewhere (turn.mode external): cloudflare twilio static"),
        ("full", "through HTTPRoute ringline: https://calls.example.org"),
        ("nginx", "through Ingress ringline: https://calls.example.org"),
        ("load-balancer", "kubectl get service --namespace calls calls"),
        ("default", "kubectl port-forward --namespace calls service/ringline 8001"),
    ],
)
def test_they_say_what_applies(api: Cluster, case: str, sentence: str):
    assert sentence in notes(api, case)


@pytest.mark.parametrize(
    ("value", "lacking", "having"),
    [
        ("image.repository: no registry has localhost/ringline:", "default", "full"),
        ("image.repository: no registry has localhost/ringline:", None, "extras"),
        ("settings.corsOrigins: no web page", "default", "full"),
        ("settings.corsOrigins: * lets every web page", "relay-ports", "full"),
        ("httpRoute.enabled or ingress.enabled:", "default", "full"),
        ("settings.trustedProxies:", None, "full"),
        ("turn.host or turn.externalIP: TURN is reached in the cluster only.", "default", "full"),
        ("turn.host or turn.externalIP: TURN is reached in the cluster only.",
         "daemonset-stun", "daemonset-node"),
        ("turn.tls.existingSecret or turn.tls.certManager:", "default", "relay-ports"),
        ("Still missing:", "default", "full"),
    ],
)  # fmt: skip
def test_they_name_what_is_missing(api: Cluster, value: str, lacking: str | None, having: str):
    assert value not in notes(api, having)
    assert lacking is None or f"{value}" in notes(api, lacking)

"""`helm test --logs`, by Helm 3 and 4: it shows the log of two users who called each other."""

import pytest

from tests.chart.cluster import Cluster
from tests.chart.helms import Helm
from tests.chart.rendering import CASES, NAMESPACE, Thing, rendered

pytestmark = pytest.mark.chart


def test_it_ends_well_and_shows_the_log_each_time(helm: Helm):
    helm.install({})
    for _ in range(2):
        assert "ran: ringline probe --url=http://ringline:8001" in helm.test()


def test_its_pod_stays_with_the_log_and_outlives_the_release(api: Cluster, helm: Helm):
    helm.install({})
    helm.test()
    assert "ringline-test" not in helm.uninstall()
    assert api.object(NAMESPACE, "pods", "ringline-test")["status"]["phase"] == "Succeeded"
    helm.install({})
    helm.test()


@pytest.mark.parametrize("case", CASES)
def test_nothing_takes_the_pod_that_stays_for_its_own(case: str):
    rendering = rendered(case)
    for pod in rendering.of("Pod"):
        finding = [thing for thing in rendering.things if selects(thing, pod)]
        assert not finding, [str(thing) for thing in finding]


def selects(thing: Thing, pod: Thing) -> bool:
    spec = thing.tree.get("spec", {})
    selector = spec.get("selector") or spec.get("podSelector") or {}
    wanted = selector.get("matchLabels", selector)
    return thing.kind != "ServiceMonitor" and bool(wanted) and wanted.items() <= pod.labels.items()

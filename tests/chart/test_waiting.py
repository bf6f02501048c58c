"""`helm install --wait`, with a load balancer in the cluster and without."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
import yaml

from tests.chart.cluster import Cluster, cluster
from tests.chart.helms import Helm, Helm3, Helm4
from tests.chart.rendering import CASES, NAMESPACE, Refused, Tree

pytestmark = pytest.mark.chart
LOCAL: Tree = yaml.safe_load(CASES["local"].read_text())
LIKE_HELM_3 = [Helm3, partial(Helm4, wait="legacy")]


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Cluster]:
    """A cluster like kind, where nothing gives Services addresses."""
    with cluster(tmp_path, load_balancers=False) as api:
        yield api


@pytest.mark.parametrize("waiting", LIKE_HELM_3)
def test_without_a_load_balancer_the_default_values_wait_in_vain(
    api: Cluster, waiting: Callable[[Cluster], Helm]
):
    with pytest.raises(Refused, match="deadline exceeded"):
        waiting(api).install({}, seconds=5)
    assert api.object(NAMESPACE, "services", "ringline-turn")["status"] == {"loadBalancer": {}}


def test_helm_4_waits_for_no_address_unless_told_to(api: Cluster):
    Helm4(api).install({})


@pytest.mark.parametrize("kind", ["ClusterIP", "NodePort"])
def test_the_value_that_the_pages_name_mends_it(helm: Helm, kind: str):
    helm.install({"turn": {"service": {"type": kind}}})


def test_the_example_for_ones_own_machine_installs_as_it_stands(helm: Helm):
    helm.install(LOCAL)
    assert "ran: ringline probe" in helm.test()


@pytest.mark.parametrize("waiting", LIKE_HELM_3)
def test_with_one_the_default_values_do(
    tmp_path_factory: pytest.TempPathFactory, waiting: Callable[[Cluster], Helm]
):
    with cluster(tmp_path_factory.mktemp("cloud")) as cloud:
        waiting(cloud).install({})

"""What the tests of the chart share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chart.cluster import Cluster, cluster
from tests.chart.helms import Helm, Helm3, Helm4


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Cluster]:
    """A cluster that nothing is installed in."""
    with cluster(tmp_path) as api:
        yield api


@pytest.fixture(params=[Helm3, Helm4])
def helm(request: pytest.FixtureRequest, api: Cluster) -> Helm:
    """Helm with that cluster."""
    made: Helm = request.param(api)
    return made

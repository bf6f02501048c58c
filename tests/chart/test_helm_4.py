"""Helm 4 makes of the chart what Helm 3 does."""

from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from helm_python import Chart, HelmRenderError, HelmValuesError

from deploy.build import CHART
from tests.chart.rendering import CASES, NAMESPACE, RELEASE, Tree, rendered

pytestmark = pytest.mark.chart


@pytest.fixture(scope="module")
def chart() -> Iterator[Chart]:
    with Chart.load(CHART) as chart:
        yield chart


def by_helm_4(chart: Chart, values: Tree) -> list[Tree]:
    texts = chart.render(values, name=RELEASE, namespace=NAMESPACE)
    manifests = [text for path, text in texts.items() if path.endswith(".yaml")]
    return [tree for text in manifests for tree in yaml.safe_load_all(text) if tree]


def comparable(trees: list[Tree]) -> list[str]:
    """In order, and without what is made at random."""
    return sorted(
        yaml.safe_dump({key: part for key, part in tree.items() if key != "data"})
        if tree["kind"] == "Secret"
        else yaml.safe_dump(tree)
        for tree in trees
    )


@pytest.mark.parametrize("case", CASES)
def test_it_renders_the_same(chart: Chart, case: str):
    values: Tree = yaml.safe_load(CASES[case].read_text())
    by_helm_3 = [thing.tree for thing in rendered(case).things]
    assert comparable(by_helm_4(chart, values)) == comparable(by_helm_3)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"replicaCount": 2}, "replicaCount 1 (replicas share no store yet"),
        ({"turn": {"mode": "sidecart"}}, "'sidecar', 'daemonset', 'external'"),
        ({"settings": {"ringTimeout": 5}}, "minimum: got 5, want 15"),
        ({"terminationGracePeriodSeconds": 35}, "set it to 45 or more."),
    ],
    ids=str,
)
def test_it_tells_mistakes_as_well(chart: Chart, values: dict[str, Any], sentence: str):
    with pytest.raises((HelmValuesError, HelmRenderError)) as refused:
        by_helm_4(chart, values)
    assert sentence in str(refused.value)

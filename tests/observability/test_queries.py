"""Every metric is queried, and every label value that a query names can occur."""

import re
from collections.abc import Iterator

import pytest
from pydantic import SecretStr

from deploy.alerts.build import groups
from service.errors import RinglineError
from service.node import Node
from service.settings import Settings
from service.telemetry.metrics.families import Families
from tests.docs.pages import ROOT
from tests.observability.boards import metrics_in, questions
from tests.support.service import SECRET

RUNBOOK = (ROOT / "docs" / "runbook.md").read_text()
QUERIES = (
    *(question.expr for question in questions()),
    *(rule.expr for group in groups() for rule in group.rules),
    *re.findall(r"```promql\n(.*?)```", RUNBOOK, re.DOTALL),
)
_MATCHERS = re.compile(r"(ringline_\w+?)(?:_bucket|_count)?\{([^}]*)\}")
_MATCHER = re.compile(r'(\w+)\s*(?:=~|!=|=)\s*"([^"$]*)"')
_ANSWERS = {"ok", "repeated", *(kind.code for kind in RinglineError.__subclasses__())}


@pytest.fixture(scope="module")
def families() -> Families:
    """Every metric of a node that has TURN of its own and of a provider."""
    secrets = (SecretStr(SECRET),)
    turn_urls = ("turn:127.0.0.1:9",)
    metrics = Node(Settings(jwt_secret=secrets, turn_secret=secrets, turn_urls=turn_urls)).metrics
    metrics.turn.fetches_from("twilio")
    return metrics.families


def known(families: Families) -> dict[tuple[str, str], set[str]]:
    """The values that a label of a metric can have."""
    values: dict[tuple[str, str], set[str]] = {("ringline_events_total", "result"): _ANSWERS}
    for family in families.registry.collect():
        for sample in family.samples:
            name = re.sub("_(bucket|count)$", "", sample.name)
            for label, value in sample.labels.items():
                values.setdefault((name, label), set()).add(value)
    return values


def named() -> Iterator[tuple[str, str, str]]:
    """Each metric, label and value that a query names."""
    for metric, matchers in _MATCHERS.findall(" ".join(QUERIES)):
        for label, pattern in _MATCHER.findall(matchers):
            yield from ((metric, label, value) for value in pattern.split("|"))


def test_every_metric_is_on_a_panel_in_a_rule_or_in_the_runbook(families: Families):
    queried = {
        re.sub("_(bucket|count)$", "", name) for query in QUERIES for name in metrics_in(query)
    }
    assert {family.name for family in families.made} - queried == set()


def test_every_label_value_that_a_query_names_can_occur(families: Families):
    values = known(families)
    made = {family.name for family in families.made}
    assert [
        (metric, label, value)
        for metric, label, value in named()
        if metric in made and value not in values[metric, label]
    ] == []

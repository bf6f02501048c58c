"""What linters say of the chart and of what it renders."""

import pytest
from yamllint import linter
from yamllint.config import YamlLintConfig

from deploy.build import CHART
from tests.chart.rendering import CASES, helm, rendered

pytestmark = pytest.mark.chart

BY_HAND = """
extends: default
rules:
  # A meaning of a value is one line, since its README has it in one cell.
  line-length: disable
  document-start: disable
  braces: {max-spaces-inside: 0}
  comments: {min-spaces-from-content: 1}
"""
RENDERED = """
extends: default
rules:
  # Values of others' may be long, and Helm's toYaml has its own view of sequences.
  line-length: disable
  indentation: {spaces: 2, indent-sequences: whatever}
"""


def faults(text: str, rules: str) -> list[str]:
    return [str(problem) for problem in linter.run(text, YamlLintConfig(rules))]


@pytest.mark.parametrize("case", CASES)
def test_helm_lint_finds_no_fault(case: str):
    assert "0 chart(s) failed" in helm("lint", "--strict", CHART, "--values", CASES[case])


@pytest.mark.parametrize("case", CASES)
def test_what_is_rendered_is_tidy_yaml(case: str):
    things = rendered(case).text.split("\n---\n")
    # What a dashboard or a file of others holds is not the chart's to tidy.
    ours = [thing for thing in things if "kind: PrometheusRule" not in thing]
    assert faults("\n---\n".join(ours), RENDERED) == []


@pytest.mark.parametrize("path", sorted(CHART.rglob("*values.yaml")), ids=lambda p: p.name)
def test_values_are_tidy_yaml(path):
    assert faults(path.read_text(), BY_HAND) == []


def test_a_fault_would_be_found():
    assert faults("a:   1\n", RENDERED)

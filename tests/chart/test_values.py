"""`values.yaml` is where names, defaults and meanings come from; this runs with `make test`."""

import json

import pytest

from deploy.build import CHART
from deploy.chart_values import schema as rules
from deploy.chart_values.values import VALUES, Undocumented, values


def test_a_value_is_read_with_its_default_and_meaning():
    (one, other) = values(
        "a:\n  # -- First.\n  b: 1\n  # Not a meaning.\n  # -- Second.\n  c: {}\n"
    )
    assert (one.name, one.default, one.meaning) == ("a.b", 1, "First.")
    assert (other.name, other.default, other.meaning) == ("a.c", {}, "Second.")


def test_a_value_without_a_meaning_is_not_accepted():
    with pytest.raises(Undocumented, match=r"a\.b has no `# -- …` above it"):
        values("a:\n  b: 1\n")


def test_a_comment_counts_for_the_next_line_alone():
    with pytest.raises(Undocumented, match="b has no"):
        values("# -- First.\na: 1\nb: 2\n")


def test_a_value_without_a_rule_is_not_accepted():
    new = values("# -- New.\nnew: 1\n")
    with pytest.raises(rules.Unruled, match=r"new .* has no rule in values\.schema\.yaml"):
        rules.schema(new)


def test_the_readme_has_a_row_for_each_value():
    page = (CHART / "README.md").read_text().partition("\n## Values\n")[2]
    for value in values(VALUES.read_text()):
        assert page.count(f"| `{value.name}` |") == 1


def test_the_schema_describes_each_value_and_lets_no_other_in():
    schema = json.loads((CHART / "values.schema.json").read_text())
    for value in values(VALUES.read_text()):
        node = schema
        for key in value.path:
            # A chart that has this one as a part lets all its parts read `global`.
            shared = node is schema["properties"]["global"]
            assert node.get("additionalProperties", False) is shared, value.name
            if "$ref" in node:
                node = schema["definitions"][node["$ref"].rsplit("/")[-1]]
            node = node["properties"][key]

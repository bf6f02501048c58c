"""What pages name exists: links, settings, commands, files, events, metrics, values, images."""

import re
from pathlib import Path

import pytest
from pydantic import SecretStr

from deploy.alerts.build import groups
from deploy.alerts.rules import Recording
from deploy.chart_values.values import VALUES, values
from service import __version__
from service.cli.probe.canary import Metrics
from service.node import Node
from service.settings import Settings, variable
from service.wire.decoding import EVENTS
from tests.docs.pages import ROOT, anchors, code_of, links, pages, text_of
from tests.docs.test_protocol_page import RELAYED, TOLD
from tests.support.service import SECRET

MOST_LINES_OF_A_DECISION = 40
PAGES = [pytest.param(page, id=str(page.relative_to(ROOT))) for page in pages()]
SETTINGS = set(map(variable, Settings.model_fields))
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
COMMANDS = set(
    re.findall(r'add_parser\(\s*"(\w+)"', (ROOT / "service/cli/__init__.py").read_text())
)
FOLDERS = ("deploy", "docs", "loadtest", "service", "tests", "tools")
MADE_LATER = {"deploy/compose/local"}
CHART_VALUES = {value.name for value in values(VALUES.read_text())}
DECISIONS = sorted((ROOT / "docs" / "decisions").glob("*.md"))


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_somewhere(page: Path):
    broken = []
    for link in links(page):
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        there = target.exists() and target.is_relative_to(ROOT)
        if not there or (anchor and anchor not in anchors(target)):
            broken.append(link)
    assert broken == []


@pytest.mark.parametrize("page", PAGES)
def test_every_setting_named_exists(page: Path):
    assert set(re.findall(r"RINGLINE_[A-Z0-9_]+", text_of(page))) - SETTINGS == set()


@pytest.mark.parametrize("page", PAGES)
def test_every_make_target_named_exists(page: Path):
    named = {target for code in code_of(page) for target in re.findall(r"^make ([a-z-]+)", code)}
    assert named - TARGETS == set()


@pytest.mark.parametrize("page", PAGES)
def test_every_command_of_ringline_named_exists(page: Path):
    named = {
        word for code in code_of(page) for word in re.findall(r"^(?:\S*/)?ringline ([a-z]+)", code)
    }
    assert named - COMMANDS == set()


@pytest.mark.parametrize("page", PAGES)
def test_every_file_named_exists(page: Path):
    named = {
        code.rstrip("/") for code in code_of(page)
        if re.fullmatch(rf"(?:{'|'.join(FOLDERS)})/[\w./-]+|[\w./-]+/\w+\.py", code)
    }  # fmt: skip
    assert {name for name in named - MADE_LATER if not (ROOT / name).exists()} == set()


@pytest.mark.parametrize("page", PAGES)
def test_every_event_named_exists(page: Path):
    named = set(re.findall(r"\b((?:user|auth|call|ice|session|server):[a-z-]+)\b", text_of(page)))
    assert named - EVENTS - TOLD.keys() - RELAYED.keys() == set()


@pytest.fixture(scope="module")
def metrics() -> set[str]:
    """Every metric of a node, of the canary, and of the recording rules."""
    node = Node(Settings(jwt_secret=(SecretStr(SECRET),)))
    canary = {family.name for family in Metrics().registry.collect()}
    recorded = {r.name for group in groups() for r in group.rules if isinstance(r, Recording)}
    made = {family.name for family in node.metrics.families.made}
    return made | canary | {f"{name}_total" for name in canary} | recorded


@pytest.mark.parametrize("page", PAGES)
def test_every_metric_named_exists(page: Path, metrics: set[str]):
    named = set(re.findall(r"\bringline(?:_[a-z0-9_]+|:[a-z][a-z0-9_:]+)\b(?!_?…)", text_of(page)))
    plain = {re.sub(r"_(bucket|count|sum)$", "", name) for name in named}
    # A label that an operator gives their Prometheus, which the runbook tells of.
    assert plain - metrics - {"ringline_docs"} == set()


@pytest.mark.parametrize("page", PAGES)
def test_every_value_of_the_chart_named_exists(page: Path):
    first = {name.partition(".")[0] for name in CHART_VALUES}
    known = CHART_VALUES | {name.rpartition(".")[0] for name in CHART_VALUES}
    named = {
        code for code in code_of(page)
        if re.fullmatch(r"[a-z][A-Za-z]+(\.[a-z][A-Za-z]+)+", code)
        and code.partition(".")[0] in first and not code.startswith("settings.")
    }  # fmt: skip
    settings = {
        re.sub(r"(?<!^)([A-Z])", r"_\1", code.removeprefix("settings.")).lower()
        for code in code_of(page) if re.fullmatch(r"settings\.[a-zA-Z]+", code)
    }  # fmt: skip
    assert named - known == set()
    assert settings - Settings.model_fields.keys() == set()


@pytest.mark.parametrize("page", PAGES)
def test_the_image_has_one_name_and_this_version(page: Path):
    named = set(re.findall(r"[\w./:-]*ringline:\d[\w.-]*", text_of(page)))
    places = ("localhost", "registry.example.org")
    assert named <= {f"{place}/ringline:{__version__}" for place in places}


@pytest.mark.parametrize("page", PAGES)
def test_no_page_names_a_place_on_a_machine(page: Path):
    assert re.findall(r"(?<![\w.])/(?:home|root|work|Users|tmp)/\S+", text_of(page)) == []


def test_the_index_lists_every_page():
    index = ROOT / "docs" / "README.md"
    listed = {(index.parent / link.partition("#")[0]).resolve() for link in links(index)}
    assert set((ROOT / "docs").rglob("*.md")) - listed - {index} == set()


@pytest.mark.parametrize("page", DECISIONS, ids=lambda page: page.stem)
def test_a_decision_is_a_page_with_three_parts(page: Path):
    text = text_of(page)
    assert text.startswith(f"# {page.stem[:4]} · ")
    assert re.findall(r"^\*\*(\w+)\.\*\*", text, re.MULTILINE) == [
        "Context", "Decision", "Consequence",
    ]  # fmt: skip
    assert len(text.splitlines()) <= MOST_LINES_OF_A_DECISION


def test_no_two_decisions_have_one_number():
    numbers = [page.stem[:4] for page in DECISIONS]
    assert len(set(numbers)) == len(numbers)


def test_the_code_names_only_decisions_that_exist():
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "service").rglob("*.py")]
    named = {name for text in sources for name in re.findall(r"docs/[\w./-]+\.md", text)}
    assert named
    assert {name for name in named if not (ROOT / name).exists()} == set()

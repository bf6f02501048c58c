"""Links lead somewhere; settings, commands and pages that are named exist."""

import re
from pathlib import Path

import pytest

from service.settings import Settings, variable
from tests.docs.pages import ROOT, anchors, code_of, links, pages, text_of

MOST_LINES_OF_A_DECISION = 40
PAGES = [pytest.param(page, id=str(page.relative_to(ROOT))) for page in pages()]
SETTINGS = set(map(variable, Settings.model_fields))
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
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


def test_decisions_are_numbered_without_a_gap():
    assert [int(page.stem[:4]) for page in DECISIONS] == list(range(1, len(DECISIONS) + 1))


def test_the_code_names_only_decisions_that_exist():
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "service").rglob("*.py")]
    named = {name for text in sources for name in re.findall(r"docs/[\w./-]+\.md", text)}
    assert named
    assert {name for name in named if not (ROOT / name).exists()} == set()

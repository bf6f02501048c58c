"""Markdown pages, taken apart as far as the tests need it."""

import re
import shlex
import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PART = "deploy/chart_values/introduction.md"

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^(#+) (.+)$", re.MULTILINE)
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_CODE = re.compile(r"`([^`\n]+)`")


@cache
def pages() -> tuple[Path, ...]:
    """Every page of the repository, whether it is committed yet or not.

    The introduction of the chart's README is read there: its links are relative to that page.
    """
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md", f":!{PART}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return tuple(ROOT / name for name in listed.stdout.splitlines())


def text_of(page: Path) -> str:
    """The page as it is."""
    return page.read_text(encoding="utf-8")


def prose_of(page: Path) -> str:
    """The page without its code blocks."""
    return _FENCE.sub("", text_of(page))


def anchors(page: Path) -> set[str]:
    """What may follow `#` in a link to the page, as GitHub makes it from the headings."""
    found: dict[str, int] = {}
    slugs = set()
    for _, title in _HEADING.findall(prose_of(page)):
        slug = re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")
        count = found[slug] = found.get(slug, -1) + 1
        slugs.add(f"{slug}-{count}" if count else slug)
    return slugs


def links(page: Path) -> list[str]:
    """The targets of the page's links within the repository."""
    return [link for link in _LINK.findall(prose_of(page)) if "://" not in link]


def code_of(page: Path) -> list[str]:
    """The lines of its code blocks, and every piece of code in its prose."""
    blocks = [line for _, block in _FENCE.findall(text_of(page)) for line in block.splitlines()]
    return blocks + _CODE.findall(prose_of(page))


def section(page: Path, title: str) -> str:
    """The text under a heading, down to the next one of its rank or above."""
    text = text_of(page)
    start = re.search(rf"^(#+) {re.escape(title)}$", text, re.MULTILINE)
    assert start, f"{page.name} has no heading {title}"
    rank = len(start[1])
    end = re.compile(rf"^#{{1,{rank}}} ", re.MULTILINE).search(text, start.end())
    return text[start.end() : end.start() if end else None]


def blocks(text: str, language: str) -> list[str]:
    """The code blocks in one language."""
    return [block for name, block in _FENCE.findall(text) if name == language]


def commands(text: str) -> list[list[str]]:
    """The words of each command in its blocks of shell; files of the clone by their whole path."""
    lines = "".join(blocks(text, "sh")).replace("\\\n", " ").splitlines()
    split = [shlex.split(line, comments=True) for line in lines]
    return [[str(ROOT / word) if _is_file(word) else word for word in words] for words in split]


def _is_file(word: str) -> bool:
    return "/" in word and (ROOT / word).exists()


def first_column(text: str) -> list[str]:
    """The code in the first cell of each row of the tables."""
    return re.findall(r"^\| `([^`]+)`", text, re.MULTILINE)

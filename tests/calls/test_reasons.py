"""An end reason is one row: every place that tells of reasons knows each of them, and no other.

What fails here after a new row says where its words are still missing.
"""

import json
import re
from collections.abc import Callable

import pytest

from deploy.build import CHART
from service.calls.reasons import ENDINGS, Kind, Reason, of
from service.telemetry.metrics.calls import CallMetrics
from service.telemetry.metrics.families import Families
from service.telemetry.metrics.media import MediaMetrics
from tests.docs.pages import ROOT, section, text_of

PROTOCOL = ROOT / "docs" / "protocol.md"
RUNBOOK = ROOT / "docs" / "runbook.md"


def counted() -> set[str]:
    """The reasons of `ringline_calls_total`, before anything is counted."""
    families = Families()
    CallMetrics(families, MediaMetrics(families))
    samples = [sample for family in families.registry.collect() for sample in family.samples]
    return {one.labels["reason"] for one in samples if one.name == "ringline_calls_total"}


def drawn() -> set[str]:
    """The reasons that have a colour on the board of calls."""
    board = json.loads((CHART / "dashboards" / "calls.json").read_text())
    (panel,) = [panel for panel in board["panels"] if panel["title"] == "How calls end"]
    return {override["matcher"]["options"] for override in panel["fieldConfig"]["overrides"]}


def worded() -> set[str]:
    """The reasons that the page has a sentence for. It has some of its own, and error codes."""
    text = text_of(ROOT / "service" / "web" / "words.js")
    _, _, endings = text.partition("const ENDINGS = {\n")
    return set(re.findall(r"^  (\w+): ", endings.partition("\n};")[0], re.MULTILINE))


def documented(event: str) -> set[str]:
    """The reasons that the protocol's page offers in the table of an event."""
    (words,) = re.findall(
        rf"^### `{event}`\n.*?^\| `reason` \| ([^|]+)", text_of(PROTOCOL), re.MULTILINE | re.DOTALL
    )
    return set(re.findall(r'"(\w+)"', words))


def queried() -> set[str]:
    """The reasons that the runbook looks for when set-ups fail, in its query of metrics."""
    text = section(RUNBOOK, "RinglineSetupBudgetBurn")
    return set(re.findall(r'ringline_calls_total\{reason=~"([^"]+)', text)[0].split("|"))


def filtered() -> set[str]:
    """The same in its query of the log."""
    text = section(RUNBOOK, "RinglineSetupBudgetBurn")
    return set(re.findall(r'"(\w+)"', re.findall(r"IN\(([^)]+)\)", text)[0]))


def explained() -> set[str]:
    """The reasons that the runbook says what to do about."""
    return set(
        re.findall(r"^- `(\w+)`:", section(RUNBOOK, "RinglineSetupBudgetBurn"), re.MULTILINE)
    )


def troubleshot() -> set[str]:
    """The reasons that a trace fails for, in the tables of failures; they have error codes, too."""
    text = text_of(ROOT / "docs" / "troubleshooting.md")
    return set(re.findall(r"`error\.type=(\w+)`", text)) & set(Reason)


def said_in(event: str) -> set[Reason]:
    """The reasons that a client may say in that event."""
    return {reason for reason in Reason if reason.said_in == event}


PLACES: dict[str, tuple[Callable[[], set[str]], set[Reason]]] = {
    "the labels of ringline_calls_total": (counted, set(ENDINGS)),
    "the colours of deploy/dashboards/calls.py": (drawn, set(ENDINGS)),
    "the sentences of service/web/words.js": (lambda: worded() & set(Reason), set(Reason)),
    "call:end in docs/protocol.md": (lambda: documented("call:end"), said_in("call:end")),
    "call:reject in docs/protocol.md": (lambda: documented("call:reject"), said_in("call:reject")),
    "the metrics' query in docs/runbook.md": (queried, set(of(Kind.TROUBLE))),
    "the log's query in docs/runbook.md": (filtered, set(of(Kind.TROUBLE))),
    "the failures in docs/troubleshooting.md": (
        troubleshot,
        set(of(Kind.UNANSWERED, Kind.TROUBLE, Kind.MEDIA)),
    ),
    "what to mend in docs/runbook.md": (explained, set(of(Kind.TROUBLE))),
}


@pytest.mark.parametrize("place", PLACES)
def test_a_place_knows_every_reason_and_no_other(place: str):
    known, reasons = PLACES[place]
    assert known() == reasons, place


def test_a_reason_is_named_as_its_word():
    assert Reason.__members__ == {str(reason).upper(): reason for reason in Reason}


def test_every_kind_has_a_reason():
    assert {reason.kind for reason in Reason} == set(Kind)
    assert sorted(of(*Kind)) == sorted(Reason)


def test_only_an_ending_is_said_by_a_client():
    assert {reason for reason in Reason if reason.said_in} <= set(ENDINGS)

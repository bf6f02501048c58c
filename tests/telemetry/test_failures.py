"""Every row of docs/troubleshooting.md, made to happen: each cell must be what is told.

A cell holds a name and what must stand beside it, each in backticks: `name` `key=value`.
"""

import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import pytest

from tests.docs.pages import ROOT
from tests.protocol.sdp import ANSWER, OFFER
from tests.support.client import Client
from tests.support.logged import Lines
from tests.support.otlp import Receiver
from tests.support.resumable import Resumable
from tests.support.service import TestService
from tests.support.waiting import until

PAGE = ROOT / "docs" / "troubleshooting.md"
_CODE = re.compile(r"`([^`]+)`")


@dataclass(frozen=True, slots=True)
class Told:
    """What a cell promises."""

    name: str
    fields: dict[str, str]
    """Values that are no text as in JSON."""

    @classmethod
    def of(cls, cell: str) -> "Told":
        name, *pairs = _CODE.findall(cell)
        return cls(name, dict(pair.split("=", 1) for pair in pairs))

    def within(self, found: dict[str, Any]) -> bool:
        """Whether all of it is there."""
        told = {
            key: value if isinstance(value, str) else json.dumps(value)
            for key, value in found.items()
        }
        return self.fields.items() <= told.items()

    def __str__(self) -> str:
        return f"{self.name} {json.dumps(self.fields, sort_keys=True)}"


@dataclass(frozen=True, slots=True)
class Row:
    """A failure, and where it can be seen."""

    failure: str
    client: Told
    metric: Told
    trace: Told
    log: Told


def rows() -> dict[str, Row]:
    """The page's tables."""
    lines = [line for line in PAGE.read_text().splitlines() if line.startswith("| ")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    told = [row for row in cells if len(row) == 6 and "`" in row[2]]
    return {row[0]: Row(row[0], *map(Told.of, row[2:])) for row in told}


ROWS = rows()
Scenario = Callable[[TestService, Client, Client], Awaitable[object]]


async def connected(service: TestService, alice: Client, bob: Client) -> str:
    """A call after its first answer; its id."""
    call_id = await service.accepted(alice, bob)
    await alice.done("call:offer", {"offer": OFFER, "callId": call_id})
    await bob.done("call:answer", {"answer": ANSWER, "callId": call_id})
    return call_id


async def busy(service: TestService, alice: Client, bob: Client) -> None:
    carol = await service.join("carol")
    await service.accepted(carol, bob)
    await alice.emit("call:initiate", {"to": "bob", "callType": "video"})


async def nobody_online(service: TestService, alice: Client, bob: Client) -> None:
    await bob.close()
    await service.seen_off(bob)
    await alice.emit("call:initiate", {"to": "bob", "callType": "video"})


async def declined_as_busy(service: TestService, alice: Client, bob: Client) -> None:
    call_id = await service.call(alice, bob)
    await bob.done("call:reject", {"callId": call_id, "reason": "busy"})


async def unanswered(service: TestService, alice: Client, bob: Client) -> None:
    await service.call(alice, bob)
    await service.advance(46)


async def never_negotiated(service: TestService, alice: Client, bob: Client) -> None:
    await service.accepted(alice, bob)
    await service.advance(31)


async def lost_in_setup(service: TestService, alice: Client, bob: Client) -> None:
    await service.accepted(alice, bob)
    await bob.close()


async def lost_in_call(service: TestService, alice: Client, bob: Client) -> None:
    await connected(service, alice, bob)
    await bob.close()


async def lost_for_good(service: TestService, alice: Client, bob: Client) -> None:
    """A resumable session of bob's, which does not come back in its window."""
    await bob.close()
    await service.seen_off(bob)
    phone = Resumable(service.port, "bob")
    await phone.join()
    call_id = (await alice.done("call:initiate", {"to": "bob", "callType": "video"}))["callId"]
    await phone.next("call:incoming")
    await phone.done("call:accept", {"callId": call_id})
    await alice.done("call:offer", {"offer": OFFER, "callId": call_id})
    await phone.done("call:answer", {"answer": ANSWER, "callId": call_id})
    await phone.close()
    await until(lambda: len(service.node.signalling.detached) == 1, "the session to be detached")
    await service.advance(31)


async def failed_in_setup(service: TestService, alice: Client, bob: Client) -> None:
    call_id = await service.accepted(alice, bob)
    await bob.done("call:end", {"callId": call_id, "reason": "error"})


async def stopped(service: TestService, alice: Client, bob: Client) -> None:
    await connected(service, alice, bob)
    await service.node.end_calls()


async def _media(alice: Client, call_id: str, state: str, **stats: Any) -> None:
    await alice.done("call:media", {"callId": call_id, "state": state, "stats": stats})


async def _given_up(alice: Client, call_id: str) -> None:
    await alice.done("call:end", {"callId": call_id, "reason": "media_failed"})


async def turn_refused(service: TestService, alice: Client, bob: Client) -> None:
    call_id = await connected(service, alice, bob)
    await _media(alice, call_id, "failed", turnError=401)
    await _given_up(alice, call_id)


async def no_path(service: TestService, alice: Client, bob: Client) -> None:
    call_id = await connected(service, alice, bob)
    await _media(alice, call_id, "failed")
    await _given_up(alice, call_id)


async def broke(service: TestService, alice: Client, bob: Client) -> None:
    call_id = await connected(service, alice, bob)
    await _media(alice, call_id, "connected", path="direct")
    await _media(alice, call_id, "failed")
    await _given_up(alice, call_id)


async def hung_up_without_media(service: TestService, alice: Client, bob: Client) -> None:
    call_id = await connected(service, alice, bob)
    await _media(bob, call_id, "failed")
    await bob.done("call:end", {"callId": call_id})


async def declined(service: TestService, alice: Client, bob: Client) -> None:
    await bob.done("call:reject", {"callId": await service.call(alice, bob)})


async def cancelled(service: TestService, alice: Client, bob: Client) -> None:
    await alice.done("call:end", {"callId": await service.call(alice, bob)})


SCENARIOS: dict[str, Scenario] = {
    "the callee is in a call": busy,
    "the callee has no device online": nobody_online,
    "the callee declines as busy": declined_as_busy,
    "nobody answers": unanswered,
    "accepted, and never negotiated": never_negotiated,
    "a connection is lost in the set-up": lost_in_setup,
    "a connection is lost in the call": lost_in_call,
    "a resumable session does not come back": lost_for_good,
    "a client has an error in the set-up": failed_in_setup,
    "the node stops during a call": stopped,
    "TURN refuses a relay": turn_refused,
    "no path between the two": no_path,
    "media break and do not come back": broke,
    "media fail, and somebody hangs up": hung_up_without_media,
    "the callee declines": declined,
    "the caller hangs up while it rings": cancelled,
}


def test_each_row_is_a_scenario_and_each_scenario_a_row():
    assert list(ROWS) == list(SCENARIOS)


@pytest.mark.parametrize("column", ["trace", "log"])
def test_no_two_rows_are_told_alike(column: str):
    told = [str(getattr(row, column)) for row in ROWS.values()]
    assert len(set(told)) == len(told)


@pytest.mark.parametrize("failure", SCENARIOS)
async def test_is_told_as_the_page_has_it(
    traced: TestService, otlp: Receiver, lines: Lines, failure: str
):
    row = ROWS[failure]
    alice, bob = await traced.join("alice"), await traced.join("bob")
    assert counted(traced, row.metric) == 0
    await SCENARIOS[failure](traced, alice, bob)
    await alice.until(
        lambda: any(
            name == row.client.name and row.client.within(payload) for name, payload in alice.log
        ),
        what=str(row.client),
    )
    await until(lambda: counted(traced, row.metric) == 1, str(row.metric))
    await until(lambda: traces(otlp, row.trace), f"{row.trace} in {otlp.spans}")
    await until(lambda: of_the_log(lines, row.log), f"{row.log} in {lines.of(row.log.name)}")
    ((trace_id, failed),) = traces(otlp, row.trace)
    assert failed is ("error.type" in row.trace.fields)
    (line,) = of_the_log(lines, row.log)
    assert line["trace_id"] == trace_id


@pytest.mark.parametrize("failure", SCENARIOS)
async def test_nothing_else_is_told(
    traced: TestService, otlp: Receiver, lines: Lines, failure: str
):
    alice, bob = await traced.join("alice"), await traced.join("bob")
    await SCENARIOS[failure](traced, alice, bob)
    row = ROWS[failure]
    await until(lambda: traces(otlp, row.trace) and of_the_log(lines, row.log))
    alike = {other.failure for other in ROWS.values() if of_the_log(lines, other.log)}
    assert alike == {failure, *ALSO.get(failure, ())}


ALSO = {
    "media fail, and somebody hangs up": ["no path between the two"],
    "a resumable session does not come back": ["a connection is lost in the call"],
}
"""A row that is a case of another one."""


def counted(service: TestService, metric: Told) -> float:
    """What a counter stands at, over the labels that do not matter."""
    families = service.node.metrics.families.registry.collect()
    return sum(
        sample.value
        for family in families
        for sample in family.samples
        if sample.name == metric.name and metric.within(sample.labels)
    )


def traces(otlp: Receiver, told: Told) -> list[tuple[str, bool]]:
    """The set-up's trace id, and whether the span is marked, of each span that tells it."""
    return [
        (span.trace_id if span.name == "call.setup" else span.links[0][0], span.failed)
        for span in otlp.named(told.name)
        if told.within(span.attributes)
    ]


def of_the_log(lines: Lines, told: Told) -> list[dict[str, Any]]:
    """The lines that tell it."""
    return [line for line in lines.of(told.name) if told.within(line)]

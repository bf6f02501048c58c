"""What a call's trace and its line in the log tell of parties that were away."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from tests.protocol.sdp import ANSWER
from tests.resuming.stage import Device, Stage
from tests.support.logged import Lines
from tests.support.otlp import ReceivedSpan, Receiver
from tests.support.service import TestService
from tests.support.waiting import until

ABSENCE = {
    "caller_away", "caller_away_s", "caller_longest_away_s", "callee_away", "callee_away_s",
    "callee_longest_away_s", "replayed", "snapshots", "kept_by_media",
}  # fmt: skip


@pytest.fixture
async def stage(traced: TestService) -> AsyncIterator[Stage]:
    """A traced service, and nobody there yet."""
    async with AsyncExitStack() as stack:
        yield Stage(traced, stack)


async def the(otlp: Receiver, name: str) -> ReceivedSpan:
    """The one span of this name, once it has come."""
    await until(lambda: otlp.named(name), name)
    return otlp.the(name)


async def summary(stage: Stage, lines: Lines, by: Device, call_id: str) -> dict[str, object]:
    """The call's line, once `by` has hung up."""
    await by.done("call:end", {"callId": call_id})
    await until(lambda: lines.of("call.summary"), "the line")
    (line,) = lines.of("call.summary")
    return line


class TestTrace:
    async def test_an_absence_in_a_call_is_two_traces_linked_to_its_set_up(
        self, stage: Stage, otlp: Receiver
    ):
        alice, bob = await stage.join("alice"), await stage.join("bob")
        call_id = await stage.connected(alice, bob)
        await stage.away(bob)
        gone = await the(otlp, "session.detached")
        await stage.service.advance(7)
        await bob.join()
        setup, back = await the(otlp, "call.setup"), await the(otlp, "session.resumed")
        for span in (gone, back):
            assert span.links == ((setup.trace_id, setup.span_id),)
            assert span.trace_id != setup.trace_id
            assert span.parent == ""
            assert not span.failed
            assert span.attributes["ringline.call.id"] == call_id
            assert span.attributes["ringline.callee"] == "bob"
            assert span.attributes["ringline.by"] == "callee"
        assert back.attributes["ringline.session.resumed"] == "replayed"
        assert back.attributes["ringline.session.fresh"] is False
        assert "ringline.session.reason" not in back.attributes
        away = back.attributes["ringline.session.away_s"]
        assert isinstance(away, float)
        assert 7 <= away < 12
        assert back.since < back.until, "it lasts for as long as the join took"

    async def test_a_reload_says_why_it_was_a_snapshot_and_its_generation(
        self, stage: Stage, otlp: Receiver
    ):
        alice, bob = await stage.join("alice"), await stage.join("bob")
        await stage.connected(alice, bob)
        await stage.away(bob)
        bob.forgets = True
        await bob.join(fresh=True)
        told = (await the(otlp, "session.resumed")).attributes
        assert told["ringline.session.resumed"] == "snapshot"
        assert told["ringline.session.reason"] == "asked"
        assert told["ringline.session.fresh"] is True
        assert told["ringline.call.generation"] == 1

    async def test_within_the_set_up_it_is_an_event_of_that(self, stage: Stage, otlp: Receiver):
        alice, bob = await stage.join("alice"), await stage.join("bob")
        call_id = await stage.call(alice, bob)
        await stage.away(alice)
        await stage.service.advance(3)
        await alice.join()
        await bob.done("call:reject", {"callId": call_id})
        setup = await the(otlp, "call.setup")
        assert setup.events == ("session.detached", "session.resumed", "call.candidates")
        assert setup.told["session.detached"] == {"ringline.by": "caller"}
        back = setup.told["session.resumed"]
        assert (back["ringline.by"], back["ringline.session.resumed"]) == ("caller", "replayed")
        assert otlp.named("session.resumed") == []

    async def test_so_is_a_move_or_a_trace_of_its_own_later(self, stage: Stage, otlp: Receiver):
        alice, bob = await stage.join("alice"), await stage.join("bob")
        tablet = await stage.join("alice")
        call_id = await stage.accepted(alice, bob)
        await tablet.done("call:move", {"callId": call_id, "moves": 0})
        await alice.next("call:ended")
        await bob.done("call:answer", {"callId": call_id, "answer": ANSWER, "generation": 1})
        setup = await the(otlp, "call.setup")
        moved = {"ringline.by": "caller", "ringline.call.moves": 1, "ringline.call.generation": 1}
        assert setup.told["call.moved"] == moved
        await alice.done("call:move", {"callId": call_id, "moves": 1})
        later = await the(otlp, "call.moved")
        assert later.links == ((setup.trace_id, setup.span_id),)
        again = {"ringline.by": "caller", "ringline.call.moves": 2, "ringline.call.generation": 2}
        assert later.attributes.items() >= again.items()

    async def test_a_session_in_no_call_has_none(self, stage: Stage, otlp: Receiver):
        alice, bob = await stage.join("alice"), await stage.join("bob")
        ghost = await stage.join("bob")
        await stage.away(ghost)
        await ghost.join()
        call_id = await stage.connected(alice, bob)
        await stage.away(ghost)
        await ghost.join()
        await alice.done("call:end", {"callId": call_id})
        await the(otlp, "call.end")
        assert otlp.named("session.detached") == otlp.named("session.resumed") == []


class TestLine:
    async def test_it_tells_how_each_party_was_away(self, stage: Stage, lines: Lines):
        alice, bob = await stage.join("alice"), await stage.join("bob")
        tablet = await stage.join("alice")
        call_id = await stage.connected(alice, bob)
        for seconds in (6, 3):
            await stage.away(bob)
            await stage.service.advance(seconds)
            await bob.join()
        await stage.away(alice)
        alice.forgets = True
        await alice.join()
        await tablet.done("call:move", {"callId": call_id, "moves": 0})
        line = await summary(stage, lines, bob, call_id)
        assert (line["caller_away"], line["callee_away"]) == (1, 2)
        assert (line["replayed"], line["snapshots"]) == (2, 1)
        assert line["moves"] == 1
        assert line["kept_by_media"] is False
        assert 9 <= float(str(line["callee_away_s"])) < 14
        assert 6 <= float(str(line["callee_longest_away_s"])) < 11

    async def test_it_tells_that_media_kept_the_call(self, stage: Stage, lines: Lines):
        alice, bob = await stage.join("alice"), await stage.join("bob")
        call_id = await stage.connected(alice, bob)
        await stage.away(bob)
        await alice.done("call:media", {"callId": call_id, "state": "connected"})
        await stage.service.advance(45)
        await bob.join()
        assert (await summary(stage, lines, alice, call_id))["kept_by_media"] is True

    async def test_it_tells_of_who_did_not_come_back(self, stage: Stage, lines: Lines):
        alice, bob = await stage.join("alice"), await stage.join("bob")
        await stage.connected(alice, bob)
        await stage.away(bob)
        await stage.service.advance(31)
        await until(lambda: lines.of("call.summary"), "the line")
        (line,) = lines.of("call.summary")
        assert (line["reason"], line["by"], line["callee_away"]) == ("connection_lost", "callee", 1)
        assert line["replayed"] == line["snapshots"] == 0
        assert line["kept_by_media"] is False
        assert float(str(line["callee_away_s"])) >= 31

    async def test_it_tells_nothing_of_absences_where_there_were_none(
        self, stage: Stage, lines: Lines
    ):
        alice, bob = await stage.join("alice"), await stage.join("bob")
        line = await summary(stage, lines, alice, await stage.connected(alice, bob))
        assert line["moves"] == 0
        assert not ABSENCE & set(line)

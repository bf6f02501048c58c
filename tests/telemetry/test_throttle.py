"""Lines that clients cause at will: one a second of each kind, and nothing is lost count of."""

import logging
import re
from time import monotonic
from typing import Any

import pytest
import structlog

from service.telemetry.throttle import EVERY_S, KINDS, MOST_KINDS, Throttle
from tests.docs.pages import ROOT
from tests.support.logged import Lines
from tests.support.raw import raw
from tests.support.service import TestService
from tests.support.waiting import until

FREE = frozenset({
    "audit", "auth.jwks_failed", "auth.jwks_fetched", "auth.keys_rotated", "call.summary",
    "config.failed", "config.loaded", "config.need_restart", "config.reread", "config.unfit",
    "config.unknown", "config.unsafe", "log.dropped", "node.calls_ended", "node.draining",
    "node.ready", "node.stopped", "port.failed", "signal.ignored", "turn.account_changed",
    "turn.credentials_fetched", "turn.fetch_failed", "turn.probe_failed", "turn.provider_serving",
    "turn.secret_replaced", "turn.secret_rotated", "turn.secret_waits",
})  # fmt: skip
"""Events that cannot come without limit: an operator, a timer, a limit or a call causes each."""


class Clock:
    """A clock that a test sets."""

    now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


Told = list[dict[str, Any]]


@pytest.fixture
def told() -> Told:
    return []


@pytest.fixture
def throttle(clock: Clock, told: Told, lines: Lines) -> Throttle:
    """One of which `told` is what it lets pass."""
    del lines  # puts the configuration back
    throttle = Throttle(clock)

    def keep(_logger: object, method: str, line: Any) -> Any:
        told.append({"level": method, **line})
        raise structlog.DropEvent

    structlog.configure(processors=[throttle, keep])
    return throttle


@pytest.fixture
def log() -> Any:
    return structlog.get_logger("ringline.test")


def count(told: Told) -> int:
    """How many there were, by what was told of them."""
    return sum(1 + line.get("more", 0) for line in told)


@pytest.mark.usefixtures("throttle")
class TestKinds:
    def test_the_first_of_each_is_told_at_once(self, log: Any, told: Told):
        for _ in range(3):
            log.info("socket.rejected", code="forbidden")
            log.info("socket.rejected", code="overloaded")
            log.info("ratelimit.hit", scope="events")
        assert told == [
            {"level": "info", "event": "socket.rejected", "code": "forbidden"},
            {"level": "info", "event": "socket.rejected", "code": "overloaded"},
            {"level": "info", "event": "ratelimit.hit", "scope": "events"},
        ]

    def test_what_is_no_refusal_and_what_is_at_debug_passes(self, log: Any, told: Told):
        for _ in range(3):
            log.info("call.summary")
            log.debug("socket.rejected", code="forbidden")
        assert len(told) == 6

    def test_failures_of_two_types_are_two_kinds(self, log: Any, told: Told):
        for failure in (KeyError, KeyError, ValueError, ValueError):
            try:
                raise failure
            except (KeyError, ValueError) as error:
                log.exception("event.failed", client_event="x")
                log.exception("http.failed", exc_info=error)
        assert [line["event"] for line in told] == ["event.failed", "http.failed"] * 2

    def test_more_kinds_than_anybody_would_read_go_by_the_event(self, log: Any, told: Told):
        for number in range(5_000):
            log.error("event.failed", client_event=f"e{number}")
        assert len(told) == MOST_KINDS + 1


class TestLeftOut:
    def test_the_next_one_says_how_many(
        self, throttle: Throttle, clock: Clock, log: Any, told: Told
    ):
        for number in range(50):
            log.info("accept.lost", call_id=number)
        clock.now += EVERY_S
        log.info("accept.lost", call_id="next")
        assert [line["call_id"] for line in told] == [0, "next"]
        assert (told[1]["more"], count(told)) == (49, 51)
        throttle.tick()
        assert len(told) == 2

    def test_the_last_one_is_told_at_a_tick(
        self, throttle: Throttle, clock: Clock, log: Any, told: Told
    ):
        for number in range(50):
            log.warning("accept.lost", call_id=number)
        clock.now += EVERY_S - 0.01
        throttle.tick()
        assert len(told) == 1
        clock.now += 0.01
        throttle.tick()
        throttle.tick()
        assert told[1:] == [{"level": "warning", "event": "accept.lost", "call_id": 49, "more": 48}]
        log.info("accept.lost")
        assert (len(told), count(told)) == (2, 50)

    def test_a_flood_is_a_line_a_second(
        self, throttle: Throttle, clock: Clock, log: Any, told: Told
    ):
        for _ in range(1_000):
            log.info("accept.lost")
            clock.now += EVERY_S / 100
            throttle.tick()
        assert len(told) <= 11
        throttle.tick(last=True)
        assert count(told) == 1_000

    def test_what_is_held_while_the_level_is_raised_is_forgotten(
        self, throttle: Throttle, clock: Clock, log: Any, told: Told
    ):
        for number in range(3):
            log.warning("accept.lost", call_id=number)
        structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
        for _ in range(2):
            clock.now += EVERY_S
            throttle.tick()
        assert [line["call_id"] for line in told] == [0]
        assert throttle._recent == {}

    def test_nothing_is_kept_of_what_is_over(
        self, throttle: Throttle, clock: Clock, log: Any, told: Told
    ):
        for code in "abc":
            log.info("socket.rejected", code=code)
        clock.now += EVERY_S
        throttle.tick()
        assert throttle._recent == {}
        assert len(told) == 3

    def test_a_traceback_is_not_kept(self, throttle: Throttle, log: Any):
        for _ in range(2):
            log.error("http.failed", exc_info=KeyError())
        (held,) = throttle._recent.values()
        assert held.last == {"event": "http.failed"}


def test_every_event_of_the_code_is_bounded_in_one_way_or_the_other():
    found = {
        (level, event)
        for path in ROOT.glob("service/**/*.py")
        for level, event in re.findall(
            r"\b_?log(?:ger)?\.(debug|info|warning|error|exception)\(\s*\"([^\"]+)\"",
            path.read_text(),
        )
    }
    bounded = {event for level, event in found if level != "debug"}
    assert bounded == set(KINDS) | FREE
    assert not set(KINDS) & FREE


class TestLibraries:
    def test_a_warning_of_theirs_is_told_by_its_template(self, lines: Lines):
        for number in range(50):
            logging.getLogger("uvicorn.error").warning("port %d", number)
            logging.getLogger("asyncio").error("port %d", number)
        assert [(line["logger"], line["event"]) for line in lines.all()] == [
            ("uvicorn.error", "port 0"),
            ("asyncio", "port 0"),
        ]

    async def test_what_is_left_out_is_told_by_the_sweeper(
        self, service: TestService, lines: Lines
    ):
        del service
        for number in range(50):
            logging.getLogger("uvicorn.error").warning("port %d", number)
        await until(lambda: len(lines.of("port 49")) == 1, "the last one")
        (line,) = lines.of("port 49")
        assert (line["level"], line["logger"], line["more"]) == ("warning", "uvicorn.error", 48)


NONSENSE = b"NONSENSE\r\n\r\n"
ELSEWHERE = (
    b"GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: x\r\nOrigin: http://y\r\n\r\n"
)
NO_TRANSPORT = b"GET /socket.io/?EIO=4 HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.mark.parametrize(
    ("request_", "event"),
    [
        (NONSENSE, "Invalid HTTP request received."),
        (ELSEWHERE, "socket.rejected"),
        (NO_TRANSPORT, "socket.rejected"),
    ],
)
async def test_a_flood_of_requests_is_a_line_a_second_and_counted(
    service: TestService, lines: Lines, request_: bytes, event: str
):
    begun = monotonic()
    for _ in range(100):
        async with raw(service.port) as connection:
            await connection.send(request_)
            assert (await connection.answer())[0] >= 400
    await until(lambda: count(lines.of(event)) == 100, "all of them")
    assert len(lines.of(event)) <= 2 + (monotonic() - begun) / EVERY_S

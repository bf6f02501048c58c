"""What is told of clients that break the protocol, however many they are."""

import pytest

from service.telemetry.metrics import Metrics
from service.telemetry.violations import MOST_TOLD, TOLD_EVERY_MS, Violations
from service.wire.rules import Rule
from tests.support.logged import Lines


class Clock:
    """A clock that a test sets."""

    now = 1_000_000

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def violations(clock: Clock) -> Violations:
    return Violations(Metrics("0").connections, clock)


def told(lines: Lines) -> list[tuple[str, str | None, int | None]]:
    return [
        (line["rule"], line["client"], line.get("more"))
        for line in lines.of("socket.protocol_error")
    ]


def test_each_rule_and_each_network_is_told_at_once(violations: Violations, lines: Lines):
    violations.tell(Rule.PACKET, "192.0.2.7")
    violations.tell(Rule.PACKET, "192.0.2.8")
    violations.tell(Rule.BINARY, "192.0.2.7")
    violations.tell(Rule.PACKET, "2001:db8:1:2::7")
    violations.tell(Rule.PACKET, "")
    assert told(lines) == [
        ("packet", "192.0.2.0/24", None),
        ("binary", "192.0.2.0/24", None),
        ("packet", "2001:db8:1::/48", None),
        ("packet", None, None),
    ]


def test_what_follows_is_one_line_with_its_number(
    violations: Violations, clock: Clock, lines: Lines
):
    for _ in range(3):
        violations.tell(Rule.PACKET, "192.0.2.7")
    violations.tell(Rule.PONG, "192.0.2.7")
    clock.now += TOLD_EVERY_MS - 1
    violations.tick()
    assert len(told(lines)) == 2
    clock.now += 1
    violations.tick()
    violations.tick()
    assert told(lines)[2:] == [("packet", "192.0.2.0/24", 2)]
    violations.tell(Rule.PACKET, "192.0.2.7")
    assert told(lines)[3:] == [("packet", "192.0.2.0/24", None)]


def test_more_networks_than_anybody_would_read_go_by_the_rule(
    violations: Violations, clock: Clock, lines: Lines
):
    for number in range(5_000):
        violations.tell(Rule.PACKET, f"10.{number // 250}.{number % 250}.1")
    assert len(told(lines)) == MOST_TOLD + 1
    clock.now += TOLD_EVERY_MS
    violations.tick()
    assert told(lines)[MOST_TOLD + 1 :] == [("packet", None, 5_000 - MOST_TOLD - 1)]

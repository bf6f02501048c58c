"""Metrics of client events and relayed messages."""

from dataclasses import dataclass

from service.telemetry.metrics.families import Families
from service.telemetry.metrics.hot import HotCounter
from service.wire.client_events import ALL, RelayEvent

EVENT_BUCKETS = (0.0001, 0.0005, 0.001, 0.0025, 0.01, 0.05, 0.25, 1)
RELAY_BUCKETS = (
    0.00001, 0.000025, 0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025,
    0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1,
)  # fmt: skip
OTHER = "other"


@dataclass(frozen=True, slots=True)
class Relayed:
    """The counters of one relayed event."""

    answers: HotCounter
    bytes: HotCounter


class EventMetrics:
    """Counts client events; those that the protocol does not have count as `other`."""

    def __init__(self, families: Families) -> None:
        self._names = frozenset(kind.event for kind in ALL)
        self._answers = families.hot_counters(
            "events",
            "Client events, by how they were answered: `ok`, `repeated` or the error's code.",
            ("event", "result"),
        )
        self._seconds = families.hot_histogram(
            "event_seconds",
            "Handling of a client event that is not relayed at once, without its wait before.",
            EVENT_BUCKETS,
            ("event",),
            ((name,) for name in (*self._names, OTHER)),
        )
        self._relay = families.hot_histogram(
            "relay_seconds",
            "A relayed message, from its arrival until it is given to the peer's connection.",
            RELAY_BUCKETS,
            (),
            ((),),
        )[()]
        relayed_bytes = families.hot_counters(
            "relayed_bytes", "Bytes of relayed events, as received.", ("event",)
        )
        for name in (*self._names, OTHER):
            self._answers.begin(name, "ok")
        self._relays = {
            kind.event: Relayed(
                self._answers.begin(kind.event, "ok"), relayed_bytes.begin(kind.event)
            )
            for kind in ALL
            if issubclass(kind, RelayEvent)
        }

    def answered(self, event: str, result: str) -> None:
        """An event was answered with `ok`, `repeated`, or an error's code."""
        self._answers.begin(event if event in self._names else OTHER, result).value += 1

    def handled(self, event: str, seconds: float) -> None:
        """An event was handled, which took `seconds`."""
        self._seconds[event if event in self._names else OTHER,].observe(seconds)

    def relayed(self, event: str, size: int, seconds: float) -> None:
        """An event of `size` bytes went to the peer at once."""
        relay = self._relays[event]
        relay.answers.value += 1
        relay.bytes.value += size
        self._relay.observe(seconds)

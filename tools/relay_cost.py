"""What telemetry costs a relay: two looks at the clock and the observation, in µs.

Prints the median and the best of several rounds. Run it on an idle machine; docs/performance.md
has the figure.
"""

import statistics
import timeit
from time import perf_counter

from service.telemetry.metrics import Metrics

ROUNDS, RELAYS = 25, 20_000
SIZE = 180
"""Bytes of an `ice:candidate`."""


def cost() -> list[float]:
    """Microseconds a relay, for each round."""
    events = Metrics("0").events

    def relay() -> None:
        since = perf_counter()
        events.relayed("ice:candidate", SIZE, perf_counter() - since)

    return [timeit.timeit(relay, number=RELAYS) / RELAYS * 1e6 for _ in range(ROUNDS)]


if __name__ == "__main__":
    rounds = cost()
    middle, best = statistics.median(rounds), min(rounds)
    print(f"telemetry of a relay: median {middle:.2f} µs, best {best:.2f} µs")

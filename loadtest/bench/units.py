"""What each unit of work costs one node, in CPU time and memory: plain and resumable, in turn.

Costs are the operating system's account of the service's own process, so that they hold when the
machine is busy with other things; throughput and latency would not. The driver shares the machine,
not the process: it is as thin as picows makes it.
"""

import statistics
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from loadtest.bench.pairs import Pairs
from loadtest.serving import Served
from service.signalling import relay

ROUNDS = 5
_SECONDS = 1.0
_USERS_A_ROUND = 100
Work = Callable[[Pairs], Awaitable[int]]


@dataclass
class Unit:
    """A row: what one of something costs a plain and a resumable session, round by round."""

    name: str
    measure: str
    digits: int = 0
    plain: list[float] = field(default_factory=list)
    resumable: list[float] = field(default_factory=list)

    def __str__(self) -> str:
        """Medians of the costs, and of their ratio within a round."""
        ratios = [most / least for least, most in zip(self.plain, self.resumable, strict=True)]
        costs = "".join(
            f"{statistics.median(costs):9.{self.digits}f} {self.measure:3}"
            for costs in (self.plain, self.resumable)
        )
        return f"{self.name:18}{costs}{statistics.median(ratios):8.2f}"


async def run(served: Served, rounds: int) -> None:
    """Measure and print."""
    plain, resumable = Pairs("plain"), Pairs("resumable")
    units = await _units(served, plain, resumable, rounds)
    code = "sources" if str(relay.__file__).endswith(".py") else "compiled"
    print(f"{code:18}{'plain':>13}{'resumable':>13}{'ratio':>8}")
    for unit in units:
        print(unit)
    if errors := plain.errors + resumable.errors:
        sys.exit(f"Not a fair run: {dict(errors)}")


async def _units(served: Served, plain: Pairs, resumable: Pairs, rounds: int) -> list[Unit]:
    async def measure(unit: Unit, work: Work) -> Unit:
        for _ in range(rounds):
            for pairs, costs in ((plain, unit.plain), (resumable, unit.resumable)):
                before = served.cpu_s
                done = await work(pairs)
                costs.append((served.cpu_s - before) / max(1, done) * 1e6)
        return unit

    async def connect(pairs: Pairs) -> int:
        before = served.kib
        await pairs.connect(served.url, _USERS_A_ROUND)
        costs = memory.plain if pairs is plain else memory.resumable
        costs.append((served.kib - before) / _USERS_A_ROUND)
        return _USERS_A_ROUND

    memory = Unit("a connection", "KiB", 1)
    joins = await measure(Unit("connect and join", "µs"), connect)
    for pairs in (plain, resumable):
        await pairs.call()
    relays = await measure(Unit("a relayed message", "µs", 1), lambda them: them.relay(_SECONDS))
    for pairs in (plain, resumable):
        await pairs.hang_up()
    calls = await measure(Unit("a whole call", "µs"), lambda them: them.call_on(_SECONDS))
    for pairs in (plain, resumable):
        await pairs.leave()
    return [joins, memory, relays, calls]

"""What a reconnect storm costs a node and those who have nothing to do with it."""

import asyncio
import sys

from loadtest.attack.trial import percentile
from loadtest.attack.witness import Seen, Witness
from loadtest.resident import Heartbeats, Kind, Resident
from loadtest.serving import Served
from loadtest.storm.crowd import Returns, crowd

SESSIONS = 5_000
_RESIDENTS = 200
_INTERVAL_S, _TIMEOUT_S = 15.0, 10.0
"""Of heartbeats. The residents come spread over an interval, so that some are due at any time."""


async def run(served: Served, sessions: int) -> None:
    """Measure and print.

    Raises:
        SystemExit: a bystander was cut or missed a heartbeat, or a session was not replayed to.
    """
    witness, heartbeats = Witness(served), Heartbeats()
    await witness.arrive()
    async with crowd(served, sessions) as them:
        await asyncio.gather(_settle(served, heartbeats), them.here())
        heartbeats.late.clear()
        before = served.cpu_s
        returning = asyncio.create_task(them.drop())
        seen = await witness.watch(returning)
        spent_s = served.cpu_s - before
    returns, late = returning.result(), sorted(heartbeats.late)
    missed = sum(one > _TIMEOUT_S for one in late)
    _report(returns, spent_s, late, missed, seen)
    if heartbeats.cut or seen.lost or missed:
        sys.exit(f"Bystanders were cut: {heartbeats.cut or seen.lost}; heartbeats missed: {missed}")
    if returns.resumed != {"replayed": sessions}:
        sys.exit(f"Not all {sessions} sessions got what they had missed.")


async def _settle(served: Served, heartbeats: Heartbeats) -> None:
    for number in range(_RESIDENTS):
        kind: Kind = "resumable" if number % 2 else "plain"
        await Resident.arrive(served.url, kind, number, heartbeats)
        await asyncio.sleep(_INTERVAL_S / _RESIDENTS)


def _report(returns: Returns, spent_s: float, late: list[float], missed: int, seen: Seen) -> None:
    took = returns.took_s
    rows = {
        **{f"{how} sessions": f"{many}" for how, many in sorted(returns.resumed.items())},
        **{f"{why}": f"{many} times" for why, many in sorted(returns.failures.items())},
        "half were back": f"{percentile(took, 0.5):.1f} s",
        "all were back": f"{took[-1]:.1f} s",
        "CPU": f"{spent_s:.1f} s, {spent_s / len(took) * 1e6:.0f} µs a session",
        "memory": f"{seen.peak:.0f} MiB at the peak",
        "heartbeats": f"{len(late)}, {missed} missed, the latest "
        f"{late[-1] * 1000 if late else 0:.0f} ms late",
        "a relay": f"p99 {percentile(seen.relay, 0.99) * 1000:.0f} ms",
        "a health check": f"{seen.health[-1] * 1000:.0f} ms at most",
    }
    for name, figure in rows.items():
        print(f"{name:20}{figure}")

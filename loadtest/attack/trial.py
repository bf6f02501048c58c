"""One attack on a service of its own, watched from before it to long after."""

import asyncio
import json
import subprocess
import sys
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

from loadtest.attack.attack import Attack
from loadtest.attack.witness import Seen, Witness
from loadtest.guest import KEY
from loadtest.serving import Served, serving

SECONDS = 5.0
AFTER_S = 30.0
MOST_MIB = 40.0
"""What a single attacker may have the service's memory grow by."""
MOST_RELAY_S = 0.1
"""What a bystander's message may take meanwhile, at the 99th percentile."""
MOST_HEALTH_S = 0.25
"""What an answer after its health may take meanwhile."""
_PATIENCE_S = 30.0
"""What an attacker's process may take longer than its attack."""


@dataclass
class Trial:
    """What came of an attack; times in seconds, memory in MiB."""

    attack: Attack
    before: float
    calm: Seen
    seen: Seen
    opened: int
    sent: int
    answers: dict[str, int]
    wrong: list[str] = field(default_factory=list)
    after: float | None = None

    @property
    def grown(self) -> float:
        """How much more memory it took at the peak than before."""
        return self.seen.peak - self.before

    def failures(self, slack: float = 1.0) -> list[str]:
        """Which bounds did not hold; times may be so many times as long."""
        wrong = [*self.wrong, *([self.seen.lost] if self.seen.lost else [])]
        relay, health = percentile(self.seen.relay, 0.99), self.seen.health[-1]
        if self.grown > MOST_MIB:
            wrong.append(f"+{self.grown:.0f} MiB")
        if relay > MOST_RELAY_S * slack:
            wrong.append(f"relay {relay * 1000:.0f} ms")
        if health > MOST_HEALTH_S * slack:
            wrong.append(f"health {health * 1000:.0f} ms")
        return wrong


def percentile(ordered: list[float], share: float) -> float:
    """The value that this share of the ordered ones does not exceed; infinite without any."""
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else float("inf")


async def tried(attack: Attack, seconds: float = SECONDS) -> Trial:
    """Attack a new service for `seconds`, and look at it once more at the end."""
    trial, later = await begun(attack, seconds, after_s=0.0)
    await later
    return trial


async def begun(
    attack: Attack, seconds: float, after_s: float
) -> tuple[Trial, "asyncio.Task[None]"]:
    """The same, with the look `after_s` later as a task: others may be attacked meanwhile."""
    async with AsyncExitStack() as stack:
        log = subprocess.DEVNULL if attack.log_read else subprocess.PIPE
        served = stack.enter_context(serving(log=log, files=attack.files))
        witness = Witness(served)
        await witness.arrive()
        calm = await witness.watch(asyncio.sleep(1))
        before = witness.memory()
        attacking = asyncio.create_task(_attacked(attack, served, seconds))
        seen = await witness.watch(attacking)
        trial = Trial(attack, before, calm, seen, **attacking.result())
        kept = stack.pop_all()

    async def later() -> None:
        async with kept:
            await asyncio.sleep(after_s)
            trial.after = witness.memory()

    return trial, asyncio.create_task(later())


async def _attacked(attack: Attack, served: Served, seconds: float) -> dict[str, Any]:
    """Have another process attack; what it says that it did."""
    target = {
        "port": served.port,
        "admin_port": served.admin_port,
        "pid": served.process.pid,
        "key": KEY,
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "loadtest.attack.attacker", attack.name, str(seconds)),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(seconds + _PATIENCE_S):
            said, _ = await process.communicate(json.dumps(target).encode())
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        raise ChildProcessError(f"The attacker of {attack.name} failed.")
    told: dict[str, Any] = json.loads(said)
    return told

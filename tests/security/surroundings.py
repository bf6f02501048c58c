"""What an attack must leave alone: another pair's call, and every table of the node."""

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from tests.support.client import Client
from tests.support.service import TestService

PROMPT_S = 1.0
SLACK = 20
_numbers = itertools.count()
CANDIDATE = {"candidate": "candidate:1 1 udp 1 127.0.0.1 9 typ host", "sdpMid": "0"}


@dataclass
class Bystanders:
    """Two people in a call, who have nothing to do with what else happens."""

    service: TestService
    caller: Client
    callee: Client
    call_id: str

    async def talk(self) -> None:
        """Messages pass both ways, and nothing else has reached them."""
        for sender, receiver in ((self.caller, self.callee), (self.callee, self.caller)):
            relayed = {"candidate": CANDIDATE, "callId": self.call_id}
            await sender.emit("ice:candidate", relayed)
            told = await receiver.next("ice:candidate")
            assert told == {**relayed, "from": sender.user}
            strange = {"error", "call:ended", "call:signal", "call:offer"}
            assert not strange & set(receiver.events())


@asynccontextmanager
async def unimpressed(service: TestService) -> AsyncIterator[Bystanders]:
    """A call of bystanders that goes on after the block, which leaves nothing behind."""
    caller, callee = [await service.join(name("bystander")) for _ in range(2)]
    call_id = await service.accepted(caller, callee)
    await callee.done("call:answer", {"answer": {"type": "answer", "sdp": ""}, "callId": call_id})
    await caller.next("call:answer")
    bystanders = Bystanders(service, caller, callee, call_id)
    await bystanders.talk()
    before = sizes(service)
    yield bystanders
    for client in service.clients:
        if client not in {caller, callee}:
            await client.close()
    await eventually(lambda: sizes(service) == before, lambda: f"{sizes(service)} ≠ {before}")
    await bystanders.talk()


async def gone(service: TestService, before: dict[str, int]) -> None:
    """Every table is back to what it was, promptly."""
    await eventually(lambda: sizes(service) == before, lambda: f"{sizes(service)} ≠ {before}")


def refused_for(service: TestService, reason: str) -> float | None:
    """How many were refused for it, as Prometheus sees it."""
    labels = {"result": "refused", "reason": reason}
    registry = service.node.metrics.families.registry
    return registry.get_sample_value("ringline_connects_total", labels)


async def eventually(
    true: Callable[[], bool], what: Callable[[], Any] = str, within: float = PROMPT_S * SLACK
) -> None:
    """Wait for what is promised to happen within a second, with slack for a busy machine."""
    end = time.monotonic() + within
    while not true():
        assert time.monotonic() < end, what()
        await asyncio.sleep(0.01)


def name(kind: str) -> str:
    """A user of its own, whose rate limits no earlier test has used up."""
    return f"{kind}-{next(_numbers)}"


def sizes(service: TestService) -> dict[str, int]:
    """How much is held for connections: by the node, and by the libraries under it."""
    engine = service.node.engine
    manager = engine.manager
    libraries: dict[str, Any] = {
        "eio.sockets": engine.eio.sockets,
        "environ": engine.environ,
        "binary_packets": engine._binary_packet,
        "rooms": manager.rooms.get("/", {}),
        "namespaces": set(manager.rooms) - {"/"},
        "pending_connect": manager.pending_connect,
        "pending_disconnect": manager.pending_disconnect,
        "callbacks": manager.callbacks,
        "tasks": engine._tasks,
    }
    return {name: len(table) for name, table in {**service.node.tables, **libraries}.items()}

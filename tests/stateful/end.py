"""How a run becomes quiet and ends, and what must be true of the node then."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from service.calls.call import State
from tests.stateful.device import Device
from tests.stateful.witness import Witness
from tests.support.service import TestService
from tests.support.waiting import until

RING, CONNECT = 45, 30
"""The timeouts, in seconds."""


class Placed(Protocol):
    """A device that may have a session."""

    @property
    def gone(self) -> bool:
        """Whether it has left."""

    @property
    def session(self) -> str:
        """Its session's id."""


async def quiet(
    services: list[TestService],
    devices: list[Device],
    travelling: Callable[[], int] = lambda: 0,
) -> None:
    """Wait until all that was said is handled and whoever left is seen off; look around then."""
    present = [device for device in devices if not device.gone]
    for device in devices:
        if device.gone:
            await device.client.until_closed()
    await _hear_out(present)

    def sessions() -> int:
        return sum(len(service.node.tables["sessions"]) for service in services)

    await until(lambda: sessions() == len(present), "only who is there to have a session")
    await until(lambda: not under_way(services) + travelling(), "nothing under way")
    await _hear_out(present)


def under_way(services: list[TestService]) -> int:
    """How much the nodes have yet to do."""
    nodes = [service.node for service in services]
    queues = [one.queue for node in nodes for one in node.connections._connections]
    busy = sum(not queue.idle for queue in queues)
    return busy + sum(len(node.signalling.tasks) for node in nodes)


def look_around(services: list[TestService], devices: Sequence[Placed]) -> None:
    """A live call has its parties, and routes where these are; nobody places two."""
    sessions = {device.session for device in devices if not device.gone}
    live = services[0].calls.live()
    for call in live:
        assert call.caller_session in sessions, f"the caller of {call} is gone"
        taker = call.callee_session
        assert taker in sessions or (taker is None and call.unaccepted), f"{call} was left"
    callers = [call.caller for call in live]
    assert len(callers) == len(set(callers)), "somebody has placed two calls"
    for service in services:
        routes = service.node.signalling.routes
        assert set(routes.calls()) <= set(live)
        assert len(routes) <= len(live)
    bound = {call for service in services for call in service.node.signalling.routes.calls()}
    assert bound == set(live), "the homes of a call know how it stands"


async def check(
    services: list[TestService],
    devices: list[Device],
    travelling: Callable[[], int] = lambda: 0,
) -> None:
    """Let every call end, question all witnesses, and find every table and gauge empty."""
    await _end_all(services, devices, travelling)
    if len(services) == 1:  # on several, each watches its own
        await _check_watches(services[0], devices)
    witness = Witness(devices)
    witness.testify()
    if len(services) == 1:
        witness.nothing_lost()
    for service in services:
        await service.close_clients()
    await check_empty(services)


async def check_empty(services: list[TestService]) -> None:
    """Nobody is there any more: every table and gauge is empty."""
    for service in services:
        node = service.node
        await node.connections.emptied()
        held = {name: len(table) for name, table in node.tables.items() if len(table)}
        assert (held, service.calls.live()) == ({}, ())
        assert set(node.metrics.calls._live.values()) == {0}, "a gauge that does not come back"


async def _end_all(
    services: list[TestService], devices: list[Device], travelling: Callable[[], int]
) -> None:
    """Time ends what nobody answered; who still talks hangs up."""
    await quiet(services, devices, travelling)
    for seconds in (RING + 1, CONNECT + 1):
        await services[0].advance(seconds)
    by_session = {device.session: device for device in devices}
    calls = services[0].calls
    for call in calls.live():
        assert call.state is State.CONNECTED, f"nothing ends {call}"
        await by_session[call.caller_session].say("call:end", {"callId": call.id})
    await quiet(services, devices, travelling)
    assert calls.live() == ()


async def _hear_out(present: list[Device]) -> None:
    """Wait for one more answer each.

    It comes after all that the device said was handled, unasked things too, and after all that
    was sent to it.
    """
    for device in present:
        await device.say("user:unwatch", {"userIds": []})
    for device in present:
        await device.settle()


async def _check_watches(service: TestService, devices: list[Device]) -> None:
    """The last that a watcher was told of a user is true."""
    auditor = await service.join("auditor")
    for device in devices:
        told = {one["userId"]: one for name, one in device.log if name == "user:status"}
        for user in () if device.gone else device.watching:
            truth: dict[str, Any] = await auditor.done("user:status", {"userId": user})
            assert {"ok": True, **told[user]} == truth, f"{device.user} was told otherwise"

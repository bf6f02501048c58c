"""How a run becomes quiet and ends, and what must be true of the node then."""

from typing import Any

from service.calls.call import State
from tests.stateful.device import Device
from tests.stateful.witness import Witness
from tests.support.service import TestService
from tests.support.waiting import until

RING, CONNECT = 45, 30
"""The timeouts, in seconds."""


async def quiet(service: TestService, devices: list[Device]) -> None:
    """Wait until all that was said is handled and whoever left is seen off; look around then."""
    present = [device for device in devices if not device.gone]
    for device in devices:
        if device.gone:
            await device.client.until_closed()
    await _hear_out(present)
    sessions, node = service.node.tables["sessions"], service.node
    await until(lambda: len(sessions) == len(present), "only who is there to have a session")
    await until(lambda: all(one.queue.idle for one in node.connections._connections), "idle queues")
    _look_around(service, present)


async def check(service: TestService, devices: list[Device]) -> None:
    """Let every call end, question all witnesses, and find every table empty."""
    await _end_all(service, devices)
    await _check_watches(service, devices)
    Witness(devices).testify()
    await service.close_clients()
    node = service.node
    await node.connections.emptied()
    held = {name: len(table) for name, table in node.tables.items() if len(table)}
    assert (held, node.store.live()) == ({}, ())


def _look_around(service: TestService, present: list[Device]) -> None:
    """A live call has its parties, and a route; nobody places two."""
    sessions = {device.session for device in present}
    live = service.node.store.live()
    for call in live:
        assert call.caller_session in sessions, f"the caller of {call} is gone"
        taker = call.callee_session
        assert taker in sessions or (taker is None and call.unanswered), f"{call} was left"
    callers = [call.caller for call in live]
    assert len(callers) == len(set(callers)), "somebody has placed two calls"
    assert len(service.node.tables["routes"]) == len(live)


async def _end_all(service: TestService, devices: list[Device]) -> None:
    """Time ends what nobody answered; who still talks hangs up."""
    await quiet(service, devices)
    for seconds in (RING + 1, CONNECT + 1):
        await service.advance(seconds)
    by_session = {device.session: device for device in devices}
    for call in service.node.store.live():
        assert call.state is State.CONNECTED, f"nothing ends {call}"
        await by_session[call.caller_session].say("call:end", {"callId": call.id})
    await quiet(service, devices)
    assert service.node.store.live() == ()
    await _hear_out([device for device in devices if not device.gone])


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

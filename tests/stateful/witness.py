"""What must be true of what all devices together were told, whatever happened."""

from collections import Counter, defaultdict
from collections.abc import Collection
from typing import Any

from tests.stateful.device import Device

ENDS = {"call:ended", "call:rejected"}
RELAYED = {
    "call:offer": "offer",
    "call:answer": "answer",
    "ice:candidate": "candidate",
    "call:signal": "data",
}
TOLD_BY = {
    "user:join": "user:joined",
    "call:accept": "call:accepted",
    "call:end": "call:ended",
    "call:reject": "call:rejected",
    "user:status": "user:status",
}
"""The event that tells a success; it follows the acknowledgement at once."""
TAKES = {"call:accept", "call:initiate"}
"""What takes a call: an initiate does where the other has called already (glare)."""


class Witness:
    """Reads every device's log when all has become quiet."""

    def __init__(self, devices: list[Device]) -> None:
        self._devices = devices
        self._parties: dict[str, tuple[str, str]] = {}
        self._callers: dict[str, Device] = {}
        self._takers: dict[str, list[Device]] = {}
        for device in devices:
            for event, told in device.log:
                self._learn(device, event, told)

    def testify(self) -> None:
        """Check everything."""
        for device in self._devices:
            answered_once(device)
            told_after_the_acknowledgement(device)
            self._told_of_own_calls_alone(device)
            self._told_each_end_once(device)
            self._in_the_order_sent(device)
        self._one_winner()

    def _learn(self, device: Device, event: str, told: Any) -> None:
        match event:
            case "call:initiated":
                self._parties[told["callId"]] = (device.user, told["to"])
                self._callers[told["callId"]] = device
            case "call:incoming":
                self._parties[told["callId"]] = (told["from"], device.user)
            case "call:accepted" if told["by"] == device.user:
                self._takers.setdefault(told["callId"], []).append(device)

    def _one_winner(self) -> None:
        for call, takers in self._takers.items():
            assert len(takers) == 1, f"{call} was accepted on {len(takers)} devices"
        accepts: Counter[str] = Counter()
        for device in self._devices:
            requests = set()
            for _, (event, payload), answer in device.answers():
                request = (event, payload.get("requestId"))
                repeat = request[1] is not None and request in requests
                requests.add(request)
                won = event == "call:accept" or answer.get("glare")
                if answer["ok"] and won and not repeat:
                    accepts[answer["callId"]] += 1
        assert set(accepts.values()) <= {1}, accepts

    def _told_of_own_calls_alone(self, device: Device) -> None:
        for event, told in device.log:
            call = told.get("callId")
            if event in {"ack", "error"} or call is None:
                continue
            assert device.user in self._parties[call], f"{device.user} heard {event} of {call}"
            if event in RELAYED or event == "call:media":
                bound = [self._callers.get(call), *self._takers.get(call, ())]
                assert device in bound, f"{event} reached a device that is not in the call"
            if event in RELAYED:
                assert told["from"] in self._parties[call]
                assert told["from"] != device.user

    def _told_each_end_once(self, device: Device) -> None:
        """One end for each call that began here; a second `call:end` is told the end again."""
        lives: dict[str, str] = {}
        own = {index: said for index, said, answer in device.answers() if answer["ok"]}
        for index, (event, told) in enumerate(device.log):
            call = told.get("callId")
            if event in {"ack", "error"} or call is None:
                continue
            caused = own.get(index - 1, ("", {}))[0]
            takes = caused in TAKES or not TAKES.isdisjoint(device.unasked)
            lives[call] = _next(lives.get(call), event, caused, takes=takes)
        open_calls = {call for call, life in lives.items() if life != "over"}
        assert device.gone or not open_calls, f"{device.user} still waits in {open_calls}"

    def _in_the_order_sent(self, device: Device) -> None:
        heard: dict[int, list[int]] = defaultdict(list)
        for event, told in device.log:
            if event in RELAYED:
                number, sender = told[RELAYED[event]]["n"], told[RELAYED[event]]["by"]
                heard[sender].append(number)
        for numbers in heard.values():
            assert numbers == sorted(set(numbers)), f"out of order or twice: {numbers}"

    def nothing_lost(self, live: Collection[str] | None = None) -> None:
        """What was acknowledged in an accepted call arrived, if its receiver stayed.

        With `live`, in these calls: what crosses the end of a call is nobody's any more.
        """
        for sender in self._devices:
            for _, (event, payload), answer in sender.answers():
                if event not in RELAYED or not answer["ok"]:
                    continue
                call = answer["callId"]
                peer = self._peer(sender, call)
                if peer is None or peer.gone or (live is not None and call not in live):
                    continue
                field = RELAYED[event]
                arrived = [told[field] for name, told in peer.log if name == event]
                assert payload[field] in arrived, f"{event} {payload} was lost"

    def _peer(self, device: Device, call: str) -> Device | None:
        takers = self._takers.get(call)
        if not takers:
            return None
        return takers[0] if device is self._callers.get(call) else self._callers.get(call)


def answered_once(device: Device) -> None:
    """An acknowledgement for each that was asked for, an `error` for each other failure."""
    assert device.answered <= len(device.asked)
    assert device.gone or device.answered == len(device.asked)
    errors = sum(1 for name, _ in device.log if name == "error")
    assert errors <= len(device.unasked), "an `error` event beside an acknowledgement"


def told_after_the_acknowledgement(device: Device) -> None:
    """A success is acknowledged, and then, before anything else, its event."""
    seen: set[tuple[str, str]] = set()
    for index, (event, payload), answer in device.answers():
        request = (event, payload.get("requestId", ""))
        repeat = bool(request[1]) and request in seen
        seen.add(request)
        expected = "call:accepted" if answer.get("glare") else TOLD_BY.get(event)
        if not answer["ok"] or expected is None or repeat or index + 1 == len(device.log):
            continue
        told = device.log[index + 1]
        assert told[0] == expected, f"{event} was followed by {told[0]}"
        if "callId" in answer:
            assert told[1]["callId"] == answer["callId"]


def _next(life: str | None, event: str, caused_by: str, *, takes: bool) -> str:
    """What a call is to a device after one more event.

    `caused_by` is its own doing, if it is. What it did without asking for an acknowledgement has no
    place in its log, so `takes` says whether it may have taken the call by itself.
    """
    again = caused_by in {"call:end", "call:reject"}
    match life, event:
        case None, "call:incoming":
            after = "rung"
        case (None, "call:initiated") | ("placed", "call:ringing"):
            after = "placed"
        case "placed" | "rung", "call:accepted":
            after = "bound"
        case None | "over", "call:accepted" if takes:
            after = "bound"  # its node was yet to ring, or it had fallen silent: it took the call
        case "bound", _ if event in RELAYED or event == "call:media":
            after = "bound"
        case None, "call:ended":
            after = "over"  # it joined while the ring stopped
        case _ if event in ENDS and (life in {"placed", "rung", "bound"} or again):
            after = "over"
        case _:
            raise AssertionError(f"{event} came after {caused_by} to a device that saw {life}")
    return after

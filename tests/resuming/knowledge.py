"""What a client may conclude of its calls from all that it was told, in order."""

from dataclasses import dataclass, field
from typing import Any

RELAYED = {
    "call:offer": "offer",
    "call:answer": "answer",
    "ice:candidate": "candidate",
    "call:signal": "data",
}
"""Events that are relayed, and the field that is passed on unread."""
_ENDS = {"call:ended", "call:rejected"}
_TAKES = {"call:accepted", "call:moved"}
_TAKEN = {"connecting", "connected"}


@dataclass
class Known:
    """A call as its device knows it: one in which it has a part, or that rings there."""

    accepted: bool = False
    generation: int = 0
    over: str | None = None
    """Why it is over for this device; `unknown` of one that a snapshot does not have."""


@dataclass
class Knowledge:
    """What one device knows; relays carry `{by, number, generation}` in their field."""

    user: str
    calls: dict[str, Known] = field(default_factory=dict)
    heard: list[dict[str, Any]] = field(default_factory=list)
    """What was relayed to it."""
    stale: list[dict[str, Any]] = field(default_factory=list)
    """What of that was for an RTCPeerConnection that had given way, as far as it knew."""

    def hear(self, event: str, told: Any) -> None:
        """Learn from the next event."""
        if event == "user:joined":
            if told["resumed"] != "replayed":
                self._begin_anew(told["calls"])
        elif event != "error" and "callId" in told:
            self._hear_of_call(self.calls.setdefault(told["callId"], Known()), event, told)

    def _hear_of_call(self, known: Known, event: str, told: Any) -> None:
        known.over = told["reason"] if event in _ENDS else None
        known.accepted = known.accepted or event in _TAKES
        if event in RELAYED:
            relayed = told[RELAYED[event]]
            self.heard.append(relayed)
            if relayed["generation"] < known.generation:
                self.stale.append(relayed)
        else:
            known.generation = max(known.generation, told.get("generation", 0))

    def _begin_anew(self, calls: list[dict[str, Any]]) -> None:
        """A snapshot, or another session: `calls` is the truth."""
        for known in self.calls.values():
            known.over = known.over or "unknown"
        for call in calls:
            rings = call["to"] == self.user and call["state"] not in _TAKEN
            if rings or call["bound"] == "this":
                accepted = call["state"] in _TAKEN
                self.calls[call["callId"]] = Known(accepted, call["generation"])

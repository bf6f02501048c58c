"""Keeps the calls of `ringline probe` out of the metrics of users; the probe has its own."""

from service.calls.call import Call
from service.ids import PROBE_USER
from service.ports import CallObserver


def of_probe(user: str) -> bool:
    """Whether this is a user of `ringline probe`."""
    return user.startswith(PROBE_USER)


class UsersOnly:
    """A `ports.CallObserver` that passes on the moves of users' calls."""

    def __init__(self, *observers: CallObserver) -> None:
        self._observers = observers

    def moved(self, before: Call | None, after: Call) -> None:
        """Pass the move on, unless a probe calls."""
        if of_probe(after.caller):
            return
        for observer in self._observers:
            observer.moved(before, after)

"""Signals while a node serves: stop, read the settings anew, or nothing.

docs/decisions/0006-we-own-the-signals.md.
"""

import asyncio
import signal
from collections.abc import Callable
from typing import Any

import structlog

_log = structlog.get_logger(__name__)

_IGNORED = (signal.SIGUSR1, signal.SIGUSR2)
"""Would end the process by default, with every call in it; they have no meaning here."""


class Signals:
    """SIGTERM and SIGINT set `stopping`; a second one of them ends the process at once.

    To be made before an event loop is: that answers SIGINT in its own way.
    """

    def __init__(self) -> None:
        self.stopping = asyncio.Event()
        self._before = {number: _former(number) for number in (signal.SIGTERM, signal.SIGINT)}

    def listen(self) -> None:
        """Have the running loop handle them from now on; SIGHUP does nothing yet."""
        loop = asyncio.get_running_loop()
        for number in self._before:
            loop.add_signal_handler(number, self._stop)
        for number in (*_IGNORED, signal.SIGHUP):
            loop.add_signal_handler(number, _ignore, number)

    def on_hangup(self, act: Callable[[], None]) -> None:
        """Have SIGHUP do this."""
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, act)

    def _stop(self) -> None:
        self.stopping.set()
        for number, handler in self._before.items():  # asked twice: now, whatever still runs
            asyncio.get_running_loop().remove_signal_handler(number)
            signal.signal(number, handler)


def _former(number: signal.Signals) -> Any:
    """What a signal did before; Python's own answer to SIGINT is a trace."""
    found = signal.getsignal(number)
    return signal.SIG_DFL if found is signal.default_int_handler else found


def _ignore(number: signal.Signals) -> None:
    _log.warning("signal.ignored", signal=number.name)

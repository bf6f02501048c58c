"""How many files the process may have open, of which each connection is one (`ulimit -n`).

Clients never get the last of them: those are for probes, metrics and whatever else the node opens.
"""

import contextlib
import resource
import sys

from service.transport.guard.tcp import EACH, TOLD
from service.transport.server.admin_port import MOST_CONNECTIONS

_OTHERS = 120
"""The log, settings, key sets, probes of TURN, traces, event loops and listening sockets."""
RESERVE = MOST_CONNECTIONS + TOLD + TOLD + _OTHERS
"""Files that no client may use: of both ports, some that are refused are told so first."""
_LEAST = 128
"""Connections without which there is no use in starting."""
_MACOS = 10_240
"""What a process may set on macOS, where the limit may be `unlimited` (`OPEN_MAX`)."""


class TooFewFiles(Exception):
    """The process may not open what it needs; the message says what to do."""


def raise_limit() -> None:
    """Let the process open as many files as it may allow itself."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    for most in (hard, _MACOS):
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
            return


def check_limit(max_connections: int) -> None:
    """See that so many clients can be connected; 0 asks for no number.

    Raises:
        TooFewFiles: they cannot.
    """
    limit, needed = _limit(), RESERVE + (max_connections * EACH or _LEAST)
    if limit < needed:
        wish = f"RINGLINE_MAX_CONNECTIONS={max_connections}" if max_connections else "The service"
        lower = ", or lower the setting" if max_connections else ""
        raise TooFewFiles(
            f"{wish} needs {needed} open files, and the process may have {limit}; "
            f"run `ulimit -n {needed}`, or set LimitNOFILE={needed} of its systemd unit{lower}."
        )


def most_connections(max_connections: int) -> int:
    """TCP connections that clients may have: two each, and no more than there are files for."""
    room = max(_LEAST, _limit() - RESERVE)
    return min(max_connections * EACH, room) if max_connections else room


def _limit() -> int:
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return sys.maxsize if soft == resource.RLIM_INFINITY else soft

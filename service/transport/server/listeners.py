"""Opening what a node listens on: every address of every host, all on one port.

Each socket serves one family. Were one to serve both (`IPV6_V6ONLY` off), clients of IPv4 would
come as `::ffff:192.0.2.7`, which no list of trusted proxies and no log has.
"""

import errno
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, NamedTuple

BACKLOG = 2048
RECEIVE_BUFFER = 32 * 1024
"""Bytes that the kernel keeps for a connection which is not read for now. By itself it would keep
megabytes, which count as the container's memory. In one read comes no more than twice as much."""
SEND_BUFFER = 64 * 1024
"""Bytes written that the kernel keeps for a client that does not read."""
BOTH = ("*", "::")
"""Hosts that stand for every address, of either family."""
_EVERY = {socket.AF_INET: "0.0.0.0", socket.AF_INET6: "::"}
_NO_SUCH_FAMILY = frozenset({errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL})
_ABOUT_THE_PORT = frozenset({errno.EADDRINUSE, errno.EACCES})
_TRIES = 20


class Unlistenable(Exception):
    """A port cannot be opened: the message says what to do, `why` is the system's word on it."""

    def __init__(self, message: str, why: str = "") -> None:
        super().__init__(message)
        self.why = why


class _Refused(Exception):
    """A socket cannot be opened."""

    def __init__(self, host: str, error: OSError) -> None:
        self.host = host
        self.error = error
        self.why = str(error.strerror)


class _Place(NamedTuple):
    """One address to listen on; `spare` where the machine may lack its family."""

    host: str
    family: socket.AddressFamily
    at: tuple[Any, ...]
    spare: bool

    @property
    def every(self) -> bool:
        """Whether it is all addresses of its family."""
        return bool(self.at[0] == _EVERY[self.family])


@contextmanager
def listening(hosts: tuple[str, ...], port: int, setting: str) -> Iterator[list[socket.socket]]:
    """Connections at all addresses of `hosts`, open for the block.

    Args:
        hosts: addresses; names, which stand for all their addresses; `0.0.0.0` for all of IPv4; `*`
            or `::` for all of both families. Where the machine has no IPv6, IPv4 is enough.
        port: the same at each; 0 takes one that is free at all of them.
        setting: what the port is set by: `PORT`, `ADMIN_PORT`.

    Raises:
        Unlistenable: an address is not this machine's, or the port is taken there.
    """
    with ExitStack() as kept:
        try:
            sockets = _opened(_places(hosts), port, kept)
        except _Refused as refused:
            raise Unlistenable(_sentence(refused, port, setting), refused.why) from None
        yield sockets


def shown(listener: socket.socket) -> str:
    """Where it listens, as a URL has it: `127.0.0.1:8001`, `[::]:8001`."""
    host, port = listener.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _places(hosts: tuple[str, ...]) -> list[_Place]:
    """All addresses once, and none that `0.0.0.0` or `::` stands for."""
    found: dict[tuple[Any, ...], _Place] = {}
    for host in hosts:
        try:
            for place in _resolved(host):
                found.setdefault(place.at, place)
        except OSError as error:
            raise _Refused(host, error) from None
    whole = {place.family for place in found.values() if place.every}
    return [one for one in found.values() if one.every or one.family not in whole]


def _resolved(host: str) -> list[_Place]:
    if host in BOTH:
        return [
            *_resolved(_EVERY[socket.AF_INET]),
            _Place("::", socket.AF_INET6, ("::", 0, 0, 0), spare=True),
        ]
    found = socket.getaddrinfo(host, 0, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    mixed = any(family == socket.AF_INET for family, *_ in found)
    return [
        _Place(_told(host, at[0]), family, at, spare=mixed and family == socket.AF_INET6)
        for family, _, _, _, at in found
    ]


def _told(host: str, address: Any) -> str:
    return host if host == address else f"{host} ({address})"


def _opened(places: list[_Place], port: int, kept: ExitStack) -> list[socket.socket]:
    """Open all; when any port will do, try others as long as one is taken at some address."""
    for _ in range(_TRIES - 1):
        try:
            with ExitStack() as opened:
                sockets = _open_all(places, port, opened)
                kept.push(opened.pop_all())
                return sockets
        except _Refused as refused:
            if port or refused.error.errno != errno.EADDRINUSE:
                raise
    return _open_all(places, port, kept)


def _open_all(places: list[_Place], port: int, opened: ExitStack) -> list[socket.socket]:
    sockets: list[socket.socket] = []
    for place in places:
        try:
            listener = _open(place, port)
        except OSError as error:
            if place.spare and error.errno in _NO_SUCH_FAMILY:
                continue
            raise _Refused(place.host, error) from None
        sockets.append(opened.enter_context(listener))
        port = listener.getsockname()[1]
    return sockets


def _open(place: _Place, port: int) -> socket.socket:
    address, _, *rest = place.at
    listener = socket.socket(place.family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if place.family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        # Inherited by every connection, if set before the listener listens (tcp(7)).
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
        listener.bind((address, port, *rest))
        listener.listen(BACKLOG)
        # Inherited by every connection: asyncio sets it on none of a listener made like this.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        listener.setblocking(False)  # noqa: FBT003 - the standard library has no name for it
    except OSError:
        listener.close()
        raise
    return listener


def _sentence(refused: _Refused, port: int, setting: str) -> str:
    wrong, mend = setting, "a free port"
    if refused.error.errno not in _ABOUT_THE_PORT:
        wrong, mend = setting.replace("PORT", "HOST"), "an address of this machine"
    return (
        f"RINGLINE_{setting}={port} on {refused.host} cannot be opened ({refused.why}); "
        f"set RINGLINE_{wrong} to {mend}."
    )

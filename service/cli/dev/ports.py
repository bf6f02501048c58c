"""Ports that are free."""

import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import repeat

from service.cli.dev import CannotServe
from service.transport.server.listeners import Unlistenable, listening

_MOST = 100


def first_free(
    hosts: tuple[str, ...], wanted: int, *, udp: bool = False, besides: int | None = None
) -> int:
    """The first port from `wanted` on that is free at all `hosts`, by TCP (and by UDP).

    A wanted port of 0 gives any free one. `besides` is passed over, since it has another use.

    Raises:
        CannotServe: none of a hundred is free.
    """
    refusal = ""
    for port in range(wanted, min(wanted + _MOST, 65_536)) if wanted else repeat(0, _MOST):
        if port != besides or port == 0:
            try:
                return _bind(hosts, port, udp=udp)
            except Unlistenable as error:
                refusal = error.why
            except OSError as error:
                refusal = str(error)
    at = ", ".join(hosts)
    raise CannotServe(f"No port from {wanted} on can be listened on at {at}: {refusal}.")


@contextmanager
def reserved(host: str, wanted: int) -> Iterator[int]:
    """A port free by TCP and UDP, reserved for the block: another call of this gives another port.

    coturn shares a taken port without an error (SO_REUSEPORT), so two that start at the same moment
    would refuse each other's clients at random. The reservation is an abstract socket, which ends
    with its process and leaves no file; only Linux has these, elsewhere nothing is reserved.
    """
    port = first_free((host,), wanted, udp=True)
    with socket.socket(socket.AF_UNIX) as reservation:
        while sys.platform == "linux":
            try:
                reservation.bind(f"\0ringline {host} {port}")
                break
            except OSError:
                port = first_free((host,), port + 1, udp=True)
        yield port


def _bind(hosts: tuple[str, ...], port: int, *, udp: bool) -> int:
    with listening(hosts, port, "PORT") as sockets:
        bound: int = sockets[0].getsockname()[1]
        for stream in sockets if udp else ():
            with socket.socket(stream.family, socket.SOCK_DGRAM) as datagrams:
                datagrams.bind(stream.getsockname())
        return bound

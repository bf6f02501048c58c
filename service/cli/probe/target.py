"""What is probed, and how."""

import argparse
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from service.cli.dev.place import this_machine
from service.cli.probe.guests import Guests, guests
from service.settings import SettingsError, read
from service.tls import trusting

_PORT = 8001


@dataclass(frozen=True, slots=True)
class Target:
    """A service at an address, and the users who try it.

    Args:
        origin: `https://calls.example.org`, or with http.
        tls: what certificates are checked against, the service's and a TURN server's.
        patience_s: how long any one answer may take.
        turn: whether TURN is tried.
        guests: the two users.
    """

    origin: str
    tls: ssl.SSLContext
    patience_s: float
    turn: bool
    guests: Guests

    @property
    def secure(self) -> bool:
        """Whether it is https and wss."""
        return self.origin.startswith("https:")

    @property
    def socket_url(self) -> str:
        """Where its Socket.IO is, without long-polling."""
        where = self.origin.removeprefix("http")
        return f"ws{where}/socket.io/?EIO=4&transport=websocket"


def target(environ: Mapping[str, str], chosen: argparse.Namespace) -> Target:
    """What the options say, or else the settings.

    Raises:
        SettingsError: something does not fit.
    """
    url = chosen.url or _here(read(environ).values)
    tls = trusting()
    if chosen.insecure:
        tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE
    return Target(
        origin=_origin(url),
        tls=tls,
        patience_s=chosen.timeout,
        turn=not chosen.no_turn,
        guests=guests(environ, chosen),
    )


def _here(values: Mapping[str, str]) -> str:
    """Where this machine's own service is, by its settings."""
    return this_machine(values.get("host")).origin(values.get("port", _PORT))


def _origin(url: str) -> str:
    try:
        parts = urlsplit(url)
        whole = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:
        whole = False
    if not whole or parts.path not in {"", "/"} or parts.query or parts.username is not None:
        raise SettingsError(
            f'--url: "{url}" is not where a service is; write http://host:port or https://host.'
        )
    return f"{parts.scheme}://{parts.netloc}"

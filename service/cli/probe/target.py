"""What is probed, and how."""

import argparse
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from service.cli.dev.endpoint import this_machine
from service.cli.probe.users import Users, users
from service.settings import SettingsError, read
from service.tls import trusting

_PORT = 8001


@dataclass(frozen=True, slots=True)
class Target:
    """A service at an address, the users who try it, and how.

    Args:
        origin: as `https://calls.example.org`.
        tls: checks certificates, those of the service and of a TURN server.
        patience_s: how long any one answer may take.
        turn: whether TURN is tried.
        users: the two users.
    """

    origin: str
    tls: ssl.SSLContext
    patience_s: float
    turn: bool
    users: Users

    @property
    def secure(self) -> bool:
        """Whether the service is reached by TLS."""
        return self.origin.startswith("https:")

    @property
    def socket_url(self) -> str:
        """The URL of its Socket.IO by WebSocket."""
        where = self.origin.removeprefix("http")
        return f"ws{where}/socket.io/?EIO=4&transport=websocket"


def target(environ: Mapping[str, str], chosen: argparse.Namespace) -> Target:
    """The target that the options name, or else the settings.

    Raises:
        SettingsError: an option or a setting is wrong.
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
        users=users(environ, chosen),
    )


def _here(values: Mapping[str, str]) -> str:
    """The origin of this machine's own service, by its settings."""
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

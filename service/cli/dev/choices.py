"""What development mode sets where nothing is set."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from service.cli.dev.coturn import Coturn, installed
from service.cli.dev.endpoint import Endpoint
from service.cli.dev.ports import first_free, reserved
from service.settings import Reading, Settings, settings_from

_KEYS = ("jwt_secret", "jwt_public_key", "jwks_url")


@dataclass(frozen=True, slots=True)
class Choices:
    """The settings to run with, and notes about them for the user."""

    settings: Settings
    notes: tuple[str, ...] = ()


@contextmanager
def coturn_beside(reading: Reading, endpoint: Endpoint) -> Iterator[Coturn | None]:
    """A coturn to run here; None if none is installed or the settings name another TURN server.

    Raises:
        CannotServe: no port is free.
    """
    if not installed() or {"turn_urls", "turn_regions"} & set(reading.values):
        yield None
        return
    chosen = reading.values.get("turn_secret") or secrets.token_urlsafe(32)
    shared = tuple(part.strip() for part in chosen.split(","))
    with reserved(endpoint.turn_address, 3478) as port:
        yield Coturn(endpoint.turn_address, port, shared)


def choose(reading: Reading, endpoint: Endpoint, turn: Coturn | None) -> Choices:
    """Fill in the settings that are not set, and pass over ports that are taken.

    Raises:
        SettingsError: something that is set is wrong.
        CannotServe: no port is free.
    """
    values = _defaults(reading, endpoint) | dict(reading.values)
    if turn:
        values |= {"turn_secret": ",".join(turn.secrets), "turn_urls": ",".join(turn.urls)}
    wished = settings_from(replace(reading, values=values))
    port = first_free(wished.host, wished.port)
    admin_port = first_free(wished.admin_host, wished.admin_port, besides=port)
    notes = list(reading.warnings)
    if wished.port not in {0, port}:
        notes.append(f"Port {wished.port} is taken, so this runs on {port}.")
    if wished.admin_port not in {0, admin_port}:
        notes.append(f"Port {wished.admin_port} is taken, so metrics are on {admin_port}.")
    settings = wished.model_copy(update={"port": port, "admin_port": admin_port})
    return Choices(settings, tuple(notes))


def _defaults(reading: Reading, endpoint: Endpoint) -> dict[str, str]:
    values = {
        "host": endpoint.host,
        "admin_host": "127.0.0.1",
        "port": "8001",
        "admin_port": "9090",
        "cors_origins": "*",
        "log_format": "console",
        # People who try things out call the same user more than six times a minute.
        "rate_limit_scale": "10",
    }
    if not any(key in reading.values for key in _KEYS):
        values["jwt_secret"] = secrets.token_urlsafe(32)
    return values

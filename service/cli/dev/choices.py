"""What development mode sets by itself: only what nobody else has set."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from service.cli.dev.coturn import installed
from service.cli.dev.place import Place
from service.cli.dev.ports import first_free, promised
from service.settings import Reading, Settings, settings_from

_KEYS = ("jwt_secret", "jwt_public_key", "jwks_url")


@dataclass(frozen=True, slots=True)
class Relay:
    """A coturn to run beside the service: where, and under which secrets, newest first."""

    address: str
    port: int
    secrets: tuple[str, ...]

    @property
    def urls(self) -> tuple[str, ...]:
        """Its TURN URLs (RFC 7065)."""
        return tuple(f"turn:{self.address}:{self.port}?transport={by}" for by in ("udp", "tcp"))


@dataclass(frozen=True, slots=True)
class Choices:
    """The settings to run with, and what to say about them."""

    settings: Settings
    notes: tuple[str, ...] = ()


@contextmanager
def relay_beside(reading: Reading, place: Place) -> Iterator[Relay | None]:
    """The coturn that can run here, unless there is none or the settings name another.

    Raises:
        CannotServe: no port is free.
    """
    if not installed() or {"turn_urls", "turn_regions"} & set(reading.values):
        yield None
        return
    chosen = reading.values.get("turn_secret") or secrets.token_urlsafe(32)
    shared = tuple(part.strip() for part in chosen.split(","))
    with promised(place.turn_address, 3478) as port:
        yield Relay(place.turn_address, port, shared)


def choose(reading: Reading, place: Place, relay: Relay | None) -> Choices:
    """Fill in what is not set, and pass over ports that are taken.

    Raises:
        SettingsError: something that is set is wrong.
        CannotServe: no port is free.
    """
    values = _defaults(reading, place) | dict(reading.values)
    if relay:
        values |= {"turn_secret": ",".join(relay.secrets), "turn_urls": ",".join(relay.urls)}
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


def _defaults(reading: Reading, place: Place) -> dict[str, str]:
    values = {
        "host": place.host,
        "admin_host": "127.0.0.1",
        "port": "8001",
        "admin_port": "9090",
        "cors_origins": "*",
        "log_format": "console",
        # Who tries things out calls the same user more than six times a minute.
        "rate_limit_scale": "10",
    }
    if not any(key in reading.values for key in _KEYS):
        values["jwt_secret"] = secrets.token_urlsafe(32)
    return values

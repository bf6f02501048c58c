"""From the settings to what is made of them alone; node.py joins it to the rest."""

import secrets
from collections.abc import Callable

from service.auth.setup import verifier as token_verifier
from service.auth.tokens import TokenVerifier
from service.calls.rules import Timeouts
from service.ports import Clock
from service.settings import Settings, SettingsError
from service.telemetry.metrics import Metrics
from service.turn.rotation import Rotation
from service.turn.servers import TurnServers


def log_key(settings: Settings) -> bytes:
    """What pseudonyms in logs are keyed with: the same on every node that shares a secret."""
    secrets_set = [settings.jwt_secret, *settings.turn_secret]
    known = next((secret.get_secret_value() for secret in secrets_set if secret), None)
    return secrets.token_bytes() if known is None else f"log:{known}".encode()


def verifier(settings: Settings, metrics: Metrics) -> TokenVerifier:
    """Who tells whose a token is.

    Raises:
        ValueError: the identity settings do not fit together; the message says what to do.
    """
    return token_verifier(
        secret=settings.jwt_secret.get_secret_value() if settings.jwt_secret else None,
        public_key=settings.jwt_public_key,
        jwks_url=settings.jwks_url,
        algorithms=settings.jwt_algorithms,
        issuer=settings.jwt_issuer,
        audience=settings.jwt_audience,
        leeway_s=settings.jwt_leeway,
        max_lifetime_s=settings.jwt_max_lifetime,
        fetched=lambda ok: metrics.auth.fetched_keys(ok=ok),
    )


def _turn_secrets(settings: Settings) -> list[str]:
    return [secret.get_secret_value() for secret in settings.turn_secret]


def rotation(ice: TurnServers, reread: Callable[[], Settings], clock: Clock) -> Rotation:
    """What follows the TURN secrets as they are set now."""
    return Rotation(ice, lambda: _turn_secrets(reread()), SettingsError, clock)


def turn_servers(settings: Settings, metrics: Metrics) -> TurnServers:
    """What mints credentials for the TURN servers that are set."""
    return TurnServers(
        secrets=_turn_secrets(settings),
        urls=settings.turn_urls,
        regions=settings.turn_regions,
        stun_urls=settings.stun_urls,
        ttl=settings.turn_ttl,
        usernames=settings.turn_username,
        transport_policy=settings.ice_transport_policy,
        issued=metrics.auth.issued,
    )


def timeouts(settings: Settings) -> Timeouts:
    """How long a call may stay in a state."""
    return Timeouts(
        ring=settings.ring_timeout * 1000,
        connect=settings.connect_timeout * 1000,
        longest=settings.max_call_duration and settings.max_call_duration * 1000,
    )

"""Objects that are made from the settings alone; node.py connects them with the others."""

import secrets
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial

import structlog
from pydantic import SecretStr

from service.auth.setup import static_keys
from service.auth.setup import verifier as token_verifier
from service.auth.tokens import TokenVerifier
from service.calls.timeouts import Timeouts
from service.ports import Clock
from service.reload import Follower, Reload
from service.settings import Settings
from service.telemetry import log
from service.telemetry.metrics import Metrics
from service.transport.guard import memory
from service.turn.cloudflare import Cloudflare
from service.turn.fetched import FetchedServers
from service.turn.provider import Provider
from service.turn.servers import TurnServers
from service.turn.static import StaticServers
from service.turn.twilio import Twilio

_log = structlog.get_logger(__name__)


def log_key(settings: Settings) -> bytes:
    """The key of users' pseudonyms in logs, the same on every node that shares a secret.

    It is made of the oldest secret, so that a node that starts while secrets are being rotated
    writes the same pseudonyms as the other nodes.
    """
    known = _plain(settings.jwt_secret) or _plain(settings.turn_secret)
    return f"log:{known[-1]}".encode() if known else secrets.token_bytes()


def memory_budget(settings: Settings) -> int:
    """Memory that the process may take, in bytes; 0 is no limit."""
    budget = settings.memory_budget
    return memory.limit() * 3 // 4 if budget is None else budget


def verifier(settings: Settings, metrics: Metrics) -> TokenVerifier:
    """As `service.auth.setup.verifier`; fetches of keys are counted."""
    return token_verifier(settings, lambda ok: metrics.auth.fetched_keys(ok=ok))


def reload(
    settings: Settings,
    reread: Callable[[], Settings],
    clock: Clock,
    *,
    ice: TurnServers,
    tokens: TokenVerifier,
    providers: Sequence[Provider] = (),
    others: Sequence[Follower] = (),
) -> Reload:
    """Applies new values of TURN secrets and accounts, token keys, the log level, and `others`."""
    minting = [partial(_mint_with, ice, clock)] if ice.available else []
    verifying = [partial(_verify_with, tokens)] if tokens.rotates else []
    staying = [] if tokens.rotates else [partial(_same_algorithms, settings)]
    return Reload(
        settings,
        reread,
        clock,
        secrets=[*minting, *verifying, *(provider.follow for provider in providers)],
        others=[lambda now: log.set_level(now.log_level), *staying, *others],
    )


def _mint_with(ice: TurnServers, clock: Clock, settings: Settings) -> None:
    accepted, now = _plain(settings.turn_secret), clock()
    change = ice.rotation.follow(accepted, now)
    if change == "waits":
        _log.info("turn.secret_waits", seconds=settings.turn_secret_propagation)
    elif change == "rotated":
        # The last credential of an older secret was minted just now.
        until = datetime.fromtimestamp((now + ice.lasts(now)) // 1000, UTC).isoformat()
        _log.info("turn.secret_rotated", accepted=len(accepted), older_needed_until=until)
    elif change == "replaced":
        _log.warning("turn.secret_replaced", hint=_REPLACED)


_REPLACED = (
    "TURN servers now refuse (401) the credentials of the former secret, and those that have not "
    "got the new one refuse its own. Put a new secret before the old one instead, and keep the old "
    "one until the time that turn.secret_rotated tells."
)


def _verify_with(tokens: TokenVerifier, settings: Settings) -> None:
    if settings.jwks_url:
        raise ValueError("RINGLINE_JWKS_URL: restart the service to verify with other keys by it.")
    keys = static_keys(settings)
    if tokens.rotate(keys):
        _log.info("auth.keys_rotated", accepted=len(keys))


def _same_algorithms(started: Settings, settings: Settings) -> None:
    if settings.jwt_algorithms != started.jwt_algorithms:
        raise ValueError("RINGLINE_JWT_ALGORITHMS: restart the service, whose keys are fetched.")


def _plain(secrets_set: Sequence[SecretStr]) -> list[str]:
    return [secret.get_secret_value() for secret in secrets_set]


def turn_providers(settings: Settings, metrics: Metrics, clock: Clock) -> list[Provider]:
    """Each provider of TURN servers that is set, except coturn.

    Raises:
        ValueError: `RINGLINE_TURN_STATIC_SERVERS` has none; the message says what to do.
    """
    fetched = partial(FetchedServers, settings=settings, clock=clock, metrics=metrics.turn)
    made: dict[str, Callable[[], Provider]] = {
        Cloudflare.name: lambda: fetched(Cloudflare.of),
        Twilio.name: lambda: fetched(Twilio.of),
        StaticServers.name: lambda: StaticServers(settings),
    }
    return [made[name]() for name in dict.fromkeys(settings.turn_provider) if name in made]


def timeouts(settings: Settings) -> Timeouts:
    """How long a call may stay in a state."""
    return Timeouts(
        ring=settings.ring_timeout * 1000,
        connect=settings.connect_timeout * 1000,
        longest=settings.max_call_duration and settings.max_call_duration * 1000,
        window=settings.resume_window * 1000,
        detached=settings.detached_call_limit * 1000,
    )

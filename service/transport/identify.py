"""Whose token it is, and patience with whoever keeps sending forged ones.

Every refusal of a token on a connect or a request, and of an address, is counted and logged here.
"""

import asyncio

import structlog

from service import errors
from service.auth.keys import failure
from service.auth.offenders import Delay, Offenders, Refuse
from service.errors import RinglineError, Unauthenticated
from service.ports import Clock, Identity, Verifier
from service.telemetry.metrics.auth import AuthMetrics
from service.telemetry.network import network_of

_log = structlog.get_logger(__name__)


def turn_away(address: str, offenders: Offenders, clock: Clock, metrics: AuthMetrics) -> None:
    """Raise `RateLimited` when nobody from this address is listened to for now."""
    verdict = offenders.verdict(address, clock())
    if isinstance(verdict, Refuse):
        metrics.limited("signatures")
        _log.debug("ratelimit.hit", scope="signatures", client=network_of(address))
        raise errors.RateLimited(
            "Too many forged tokens from this address.",
            scope="signatures",
            retry_after_ms=verdict.retry_after_ms,
        )


async def identify(
    token: str | None,
    address: str,
    *,
    missing: str,
    verifier: Verifier,
    offenders: Offenders,
    clock: Clock,
    metrics: AuthMetrics,
) -> Identity:
    """Verify a token from an address.

    Raises:
        Unauthenticated, TokenExpired: the token is not good; a forged one is held against the
            address, which is then slowed down. With no token the error says `missing`.
        RateLimited: the address is not listened to.
        Internal: the keys cannot be had now.
    """
    verdict = offenders.verdict(address, clock())
    if token and isinstance(verdict, Delay):
        await asyncio.sleep(verdict.ms / 1000)
    turn_away(address, offenders, clock, metrics)  # after the wait: many may have waited abreast
    try:
        if not token:
            raise Unauthenticated(missing)
        return await verifier.verify(token)
    except RinglineError as error:
        reason = failure(error)
        if reason == "bad_signature":
            offenders.blame(address, clock())
        metrics.failed(reason)
        _log.debug("auth.refused", reason=reason, client=network_of(address))
        raise

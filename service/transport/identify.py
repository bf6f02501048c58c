"""Whose token it is, and patience with whoever keeps sending forged ones."""

import asyncio

from service import errors
from service.auth.keys import BadSignature
from service.auth.offenders import Delay, Offenders, Refuse
from service.errors import RinglineError
from service.ports import Clock, Identity, Verifier
from service.telemetry.metrics.auth import AuthMetrics


def turn_away(address: str, offenders: Offenders, clock: Clock) -> None:
    """Raise `RateLimited` when nobody from this address is listened to for now."""
    verdict = offenders.verdict(address, clock())
    if isinstance(verdict, Refuse):
        raise errors.RateLimited(
            "Too many forged tokens from this address.",
            scope="signatures",
            retry_after_ms=verdict.retry_after_ms,
        )


async def identify(
    token: str,
    address: str,
    *,
    verifier: Verifier,
    offenders: Offenders,
    clock: Clock,
    metrics: AuthMetrics,
) -> Identity:
    """Verify a token from an address.

    Raises:
        Unauthenticated, TokenExpired: the token is not good; a forged one is held against the
            address, which is then slowed down.
        RateLimited: the address is not listened to.
        Internal: the keys cannot be had now.
    """
    verdict = offenders.verdict(address, clock())
    if isinstance(verdict, Delay):
        await asyncio.sleep(verdict.ms / 1000)
    turn_away(address, offenders, clock)  # after the wait: many may have waited side by side
    try:
        return await verifier.verify(token)
    except BadSignature:
        offenders.blame(address, clock())
        metrics.failed("bad_signature")
        raise
    except RinglineError as error:
        metrics.failed(error.code)
        raise

"""Whose token it is, and patience with whoever keeps sending forged ones.

Every refusal of a token on a connect or a request is counted and logged here.
"""

import structlog

from service.auth.keys import failure
from service.auth.offenders import Offenders
from service.errors import RinglineError, Unauthenticated
from service.ports import Clock, Identity, Verifier
from service.telemetry.metrics.auth import AuthMetrics
from service.telemetry.network import network_of

_log = structlog.get_logger(__name__)


async def identify(
    token: str | None,
    address: str,
    *,
    missing: str,
    verifier: Verifier,
    offenders: Offenders,
    clock: Clock,
    metrics: AuthMetrics,
    may_hold: bool = True,
) -> Identity:
    """Verify a token, whatever came from its address before.

    Forged tokens are counted by address. Where there were many, the refusal comes late, if it
    `may_hold`: nothing else should wait behind it. With no token the error says `missing`.

    Raises:
        Unauthenticated, TokenExpired: the token is not good.
        AuthUnavailable: it cannot be judged now.
    """
    try:
        if not token:
            raise Unauthenticated(missing)
        return await verifier.verify(token, address)
    except RinglineError as error:
        reason = failure(error)
        metrics.failed(reason)
        _log.debug("auth.refused", reason=reason, client=network_of(address))
        if reason == "bad_signature" and offenders.blame(address, clock()) and may_hold:
            await offenders.hold(address)
        raise

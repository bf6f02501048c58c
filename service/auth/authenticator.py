"""Whose token it is, and patience with whoever keeps sending forged ones."""

import structlog

from service.auth.keys import failure
from service.auth.offenders import Offenders
from service.errors import RinglineError, Unauthenticated
from service.ports import Clock, Identity, Verifier
from service.telemetry.metrics.auth import AuthMetrics
from service.telemetry.network import network_of

_log = structlog.get_logger(__name__)


class Authenticator:
    """Tells whose token it is; counts and logs every refusal.

    Forged tokens are counted by address, and where there were many, the refusal comes late.

    Args:
        scale: as for `Offenders`.
    """

    def __init__(
        self, verifier: Verifier, clock: Clock, metrics: AuthMetrics, scale: float = 1.0
    ) -> None:
        self._verifier = verifier
        self._clock = clock
        self._metrics = metrics
        self.offenders = Offenders(scale)

    async def identify(
        self, token: str | None, address: str, *, missing: str, may_hold: bool = True
    ) -> Identity:
        """Verify a token, whatever came from its address before.

        Args:
            token: with none, the error says `missing`.
            address: where it came from.
            missing: a sentence.
            may_hold: whether the refusal may come late: nothing else should wait behind it.

        Raises:
            Unauthenticated, TokenExpired: the token is not good.
            AuthUnavailable: it cannot be judged now.
        """
        try:
            if not token:
                raise Unauthenticated(missing)
            return await self._verifier.verify(token, address)
        except RinglineError as error:
            reason = failure(error)
            self._metrics.failed(reason)
            _log.debug("auth.refused", reason=reason, client=network_of(address))
            forged = reason == "bad_signature" and self.offenders.blame(address, self._clock())
            if forged and may_hold:
                await self.offenders.hold(address)
            raise

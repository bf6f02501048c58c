"""Makes a verifier of the settings, or says in one sentence what is wrong with them."""

from collections.abc import Callable

from service.auth.jwks import JwksKeys
from service.auth.keys import ASYMMETRIC
from service.auth.static import StaticKeys, public_keys, secret_keys
from service.auth.tokens import TokenVerifier
from service.settings import Settings


def verifier(settings: Settings, fetched: Callable[[bool], None] = lambda _: None) -> TokenVerifier:
    """The verifier of clients' tokens; `fetched` is as in `JwksKeys`.

    Raises:
        ValueError: a key or an algorithm is unfit; the message names the setting and says what to
            do.
    """
    if not settings.jwks_url:
        return TokenVerifier(static_keys(settings), settings)
    algorithms = _agreed(settings, ASYMMETRIC)
    keys = JwksKeys(settings.jwks_url, algorithms=algorithms, fetched=fetched)
    return TokenVerifier(keys, settings)


def static_keys(settings: Settings) -> StaticKeys:
    """The secrets or public keys that are set, for the algorithms that are set; see `verifier`."""
    if settings.jwt_public_key:
        keys = public_keys(settings.jwt_public_key)
    else:
        keys = secret_keys([secret.get_secret_value() for secret in settings.jwt_secret])
    return keys.only(_agreed(settings, keys.algorithms))


def _agreed(settings: Settings, admitted: frozenset[str]) -> frozenset[str]:
    """The algorithms that are set, or else all that the keys admit."""
    asked = frozenset[str](settings.jwt_algorithms)
    if unkeyed := sorted(asked - admitted):
        raise ValueError(
            f"RINGLINE_JWT_ALGORITHMS names {', '.join(unkeyed)}, which no key that is set can "
            f"verify; leave it empty or set {' or '.join(sorted(admitted))}."
        )
    return asked or admitted

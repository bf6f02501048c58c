"""From what is configured to a verifier, or one sentence about what is wrong with it."""

from collections.abc import Callable
from urllib.parse import urlsplit

from service.auth.jwks import JwksKeys
from service.auth.keys import KeySource, public_key, secret_key
from service.auth.tokens import TokenVerifier

ALGORITHMS = ("HS256", "RS256", "ES256", "EdDSA")
"""All that the service can verify."""

_ASYMMETRIC = frozenset(ALGORITHMS) - {"HS256"}


def verifier(
    *,
    secret: str | None = None,
    public_key: str | None = None,
    jwks_url: str | None = None,
    algorithms: tuple[str, ...] = (),
    issuer: str | None = None,
    audience: str | None = None,
    leeway_s: int = 10,
    max_lifetime_s: int = 24 * 3600,
    fetched: Callable[[bool], None] | None = None,
) -> TokenVerifier:
    """A verifier of tokens signed with one of three: a shared secret, a key, a provider's keys.

    Args:
        secret: `RINGLINE_JWT_SECRET`, at least 32 bytes.
        public_key: `RINGLINE_JWT_PUBLIC_KEY`, a PEM.
        jwks_url: `RINGLINE_JWKS_URL`. Nothing is fetched before the first token comes.
        algorithms: `RINGLINE_JWT_ALGORITHMS`; empty: whatever the keys admit.
        issuer: `RINGLINE_JWT_ISSUER`; None asks for none.
        audience: `RINGLINE_JWT_AUDIENCE`; None asks for none.
        leeway_s: `RINGLINE_JWT_LEEWAY`, seconds.
        max_lifetime_s: `RINGLINE_JWT_MAX_LIFETIME`, seconds.
        fetched: told of every fetch of a provider's keys whether it worked.

    Raises:
        ValueError: a setting is wrong; the message names it and says what to do.
    """
    keys, admitted = _keys(secret or None, public_key or None, jwks_url or None, fetched)
    return TokenVerifier(
        keys,
        algorithms=_agreed(frozenset(algorithms), admitted),
        issuer=issuer or None,
        audience=audience or None,
        leeway_s=leeway_s,
        max_lifetime_s=max_lifetime_s,
    )


def _keys(
    secret: str | None,
    pem: str | None,
    jwks_url: str | None,
    fetched: Callable[[bool], None] | None,
) -> tuple[KeySource, frozenset[str]]:
    """The one source that is set, and the algorithms it can have keys for."""
    given = [setting for setting in (secret, pem, jwks_url) if setting is not None]
    settings = "RINGLINE_JWT_SECRET, RINGLINE_JWT_PUBLIC_KEY and RINGLINE_JWKS_URL"
    if not given:
        raise ValueError(f"No key verifies tokens; set one of {settings}.")
    if len(given) > 1:
        raise ValueError(f"More than one key verifies tokens; set only one of {settings}.")
    if jwks_url is not None:
        return JwksKeys(_checked(jwks_url), fetched=fetched), _ASYMMETRIC
    key = secret_key(secret) if secret is not None else public_key(pem or "")
    return key, frozenset({key.alg})


def _checked(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("RINGLINE_JWKS_URL is not an http(s) URL; set the provider's key set.")
    return url


def _agreed(asked: frozenset[str], admitted: frozenset[str]) -> frozenset[str]:
    unkeyed = sorted(asked - admitted)
    if unkeyed:
        raise ValueError(
            f"RINGLINE_JWT_ALGORITHMS names {', '.join(unkeyed)}, which no key that is set can "
            f"verify; leave it empty or set {' or '.join(sorted(admitted))}."
        )
    return asked or admitted

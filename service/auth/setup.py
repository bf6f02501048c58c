"""Makes a verifier of the settings, or says in one sentence what is wrong with them."""

from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

from service.auth.jwks import JwksKeys
from service.auth.keys import ASYMMETRIC, KeySource
from service.auth.static import StaticKeys, public_keys, secret_keys
from service.auth.tokens import TokenVerifier

_KEYS = "RINGLINE_JWT_SECRET, RINGLINE_JWT_PUBLIC_KEY and RINGLINE_JWKS_URL"


def verifier(
    *,
    secrets: Sequence[str] = (),
    public_key: str | None = None,
    jwks_url: str | None = None,
    algorithms: Sequence[str] = (),
    issuers: Sequence[str] = (),
    audiences: Sequence[str] = (),
    leeway_s: int = 10,
    max_lifetime_s: int = 24 * 3600,
    fetched: Callable[[bool], None] = lambda _: None,
) -> TokenVerifier:
    """A verifier of tokens that are signed with shared secrets, public keys or a provider's keys.

    Args:
        secrets: `RINGLINE_JWT_SECRET`, newest first, each at least 32 bytes.
        public_key: `RINGLINE_JWT_PUBLIC_KEY`, one PEM or several.
        jwks_url: `RINGLINE_JWKS_URL`.
        algorithms: `RINGLINE_JWT_ALGORITHMS`; empty admits all that the keys do.
        issuers: `RINGLINE_JWT_ISSUER`; empty asks for none.
        audiences: `RINGLINE_JWT_AUDIENCE`; empty asks for none.
        leeway_s: `RINGLINE_JWT_LEEWAY`, seconds.
        max_lifetime_s: `RINGLINE_JWT_MAX_LIFETIME`, seconds.
        fetched: is called after every fetch of a provider's keys with whether it worked.

    Raises:
        ValueError: a setting is wrong; the message names it and says what to do.
    """
    given = [setting for setting in (secrets, public_key, jwks_url) if setting]
    if not given:
        raise ValueError(f"No key verifies tokens; set one of {_KEYS}.")
    if len(given) > 1:
        raise ValueError(f"More than one key verifies tokens; set only one of {_KEYS}.")
    keys: KeySource
    if jwks_url:
        admitted = _agreed(frozenset(algorithms), ASYMMETRIC)
        keys = JwksKeys(_checked(jwks_url), algorithms=admitted, fetched=fetched)
    else:
        keys = static_keys(secrets, public_key, algorithms)
    return TokenVerifier(
        keys,
        issuers=issuers,
        audiences=audiences,
        leeway_s=leeway_s,
        max_lifetime_s=max_lifetime_s,
    )


def static_keys(
    secrets: Sequence[str], public_key: str | None, algorithms: Sequence[str]
) -> StaticKeys:
    """The keys of secrets or of PEM text, for these algorithms alone; see `verifier`.

    Raises:
        ValueError: a setting is wrong; the message names it and says what to do.
    """
    keys = public_keys(public_key) if public_key else secret_keys(secrets)
    return keys.only(_agreed(frozenset(algorithms), keys.algorithms))


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

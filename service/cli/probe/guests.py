"""The two users of a probe, and where their tokens come from."""

import argparse
import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace

import jwt

from service.cli.token import mint
from service.ids import PROBE_USER
from service.settings import Settings, SettingsError, Source, read, settings_from

_LIFETIME_S = 300
_OPTIONS = {"key": "jwt_secret", "issuer": "jwt_issuer", "audience": "jwt_audience"}
_SETTINGS = frozenset({*_OPTIONS.values(), "jwt_max_lifetime"})


@dataclass(frozen=True, slots=True)
class Guest:
    """A user and a token that says so."""

    user: str
    token: str = field(repr=False)


Guests = Callable[[int], tuple[Guest, Guest]]
"""The caller and the callee at a time (epoch seconds): the same two, with tokens still good."""


def guests(environ: Mapping[str, str], chosen: argparse.Namespace) -> Guests:
    """Who calls, as the options say, or else the settings.

    Raises:
        SettingsError: there is no key to make tokens with, or what is given does not fit.
    """
    if chosen.token_a or chosen.token_b:
        return _given(chosen)
    return _minted(environ, {name: getattr(chosen, name) for name in _OPTIONS})


def _given(chosen: argparse.Namespace) -> Guests:
    if chosen.key or not (chosen.token_a and chosen.token_b):
        raise SettingsError("Give --token-a and --token-b, or --key; the one or the other.")
    a, b = (Guest(_subject(token), token) for token in (chosen.token_a, chosen.token_b))
    if a.user == b.user:
        raise SettingsError("--token-a and --token-b are of one user; nobody can call themselves.")
    return lambda _now: (a, b)


def _subject(token: str) -> str:
    try:
        claims = jwt.decode(token, options={"verify_signature": False})
        return str(claims["sub"])
    except (jwt.InvalidTokenError, KeyError):
        raise SettingsError("--token-a, --token-b: one is not a token with a `sub`.") from None


def _minted(environ: Mapping[str, str], options: Mapping[str, str | None]) -> Guests:
    settings = _settings(environ, options)
    lifetime = min(_LIFETIME_S, settings.jwt_max_lifetime)
    # The same two for as long as this runs: a canary's users are not to fill anybody's memory.
    run = secrets.token_hex(4)
    users = tuple(f"{PROBE_USER}-{side}-{run}" for side in "ab")

    def invite(now: int) -> tuple[Guest, Guest]:
        nonlocal settings
        with suppress(SettingsError):  # what is unfit changes nothing, as in the service
            settings = _settings(environ, options)
        a, b = (Guest(user, mint(settings, user, now=now, ttl=lifetime)) for user in users)
        return a, b

    return invite


def _settings(environ: Mapping[str, str], options: Mapping[str, str | None]) -> Settings:
    """What makes a token, as it is set now: a canary follows a secret that is rotated."""
    reading = read(environ)
    said = {_OPTIONS[name]: text for name, text in options.items() if text}
    named = {_OPTIONS[name]: Source(f"--{name}", "environment") for name in options}
    # Only what makes a token is judged: the rest is not for this command.
    values = {name: text for name, text in reading.values.items() if name in _SETTINGS} | said
    sources = {**reading.sources, **{name: named[name] for name in said}}
    if "jwt_secret" not in values:
        raise SettingsError(
            "Tokens are made with a secret: set RINGLINE_JWT_SECRET or --key, or give "
            "--token-a and --token-b of your own issuer."
        )
    return settings_from(replace(reading, values=values, sources=sources))

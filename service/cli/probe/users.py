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
class User:
    """A user's id and token."""

    id: str
    token: str = field(repr=False)


Users = Callable[[int], tuple[User, User]]
"""Gives the caller and the callee, always the same two, with tokens valid now (epoch seconds)."""


def users(environ: Mapping[str, str], chosen: argparse.Namespace) -> Users:
    """The users whom the options name, or else new ones with tokens as the settings have it.

    Raises:
        SettingsError: there is no key to make tokens with, or the options do not fit together.
    """
    if chosen.token_a or chosen.token_b:
        return _given(chosen)
    return _minted(environ, {name: getattr(chosen, name) for name in _OPTIONS})


def _given(chosen: argparse.Namespace) -> Users:
    if chosen.key or not (chosen.token_a and chosen.token_b):
        raise SettingsError("Give --token-a and --token-b, or --key; the one or the other.")
    a, b = (User(_subject(token), token) for token in (chosen.token_a, chosen.token_b))
    if a.id == b.id:
        raise SettingsError("--token-a and --token-b are of one user; nobody can call themselves.")
    return lambda _now: (a, b)


def _subject(token: str) -> str:
    try:
        claims = jwt.decode(token, options={"verify_signature": False})
        return str(claims["sub"])
    except (jwt.InvalidTokenError, KeyError):
        raise SettingsError("--token-a, --token-b: one is not a token with a `sub`.") from None


def _minted(environ: Mapping[str, str], options: Mapping[str, str | None]) -> Users:
    settings = _settings(environ, options)
    lifetime = min(_LIFETIME_S, settings.jwt_max_lifetime)
    # The same two ids for as long as this runs, so that a canary does not fill the node's memory.
    run = secrets.token_hex(4)
    ids = tuple(f"{PROBE_USER}-{side}-{run}" for side in "ab")

    def minted(now: int) -> tuple[User, User]:
        nonlocal settings
        with suppress(SettingsError):  # wrong settings change nothing, as in the service
            settings = _settings(environ, options)
        a, b = (User(each, mint(settings, each, now=now, ttl=lifetime)) for each in ids)
        return a, b

    return minted


def _settings(environ: Mapping[str, str], options: Mapping[str, str | None]) -> Settings:
    """The settings of tokens as they are now: a canary follows a secret that is rotated."""
    reading = read(environ)
    said = {_OPTIONS[name]: text for name, text in options.items() if text}
    named = {_OPTIONS[name]: Source(f"--{name}", "environment") for name in options}
    # Only the settings of tokens are checked: this command does not use the others.
    values = {name: text for name, text in reading.values.items() if name in _SETTINGS} | said
    sources = {**reading.sources, **{name: named[name] for name in said}}
    if "jwt_secret" not in values:
        raise SettingsError(
            "Tokens are made with a secret: set RINGLINE_JWT_SECRET or --key, or give "
            "--token-a and --token-b of your own issuer."
        )
    return settings_from(replace(reading, values=values, sources=sources))

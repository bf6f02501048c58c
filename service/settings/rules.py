"""Which settings must fit together, and which are seldom meant.

A rule is skipped when one of its settings is wrong by itself.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from service.settings.model import Settings, variable


class Rule(NamedTuple):
    """The settings that must fit together, and a check that gives a sentence when they do not."""

    settings: frozenset[str]
    broken: Callable[[Settings], str | None]


_KEYS = ("jwt_secret", "jwt_public_key", "jwks_url")


def broken(settings: Settings, wrong: frozenset[str]) -> Iterator[str]:
    """A sentence for each broken rule about settings that are not `wrong` by themselves."""
    for rule in RULES:
        if not rule.settings & wrong and (sentence := rule.broken(settings)):
            yield sentence


def cautions(settings: Settings) -> Iterator[str]:
    """A sentence for each setting that works, but is seldom meant for real users."""
    if "*" in settings.cors_origins:
        yield (
            "RINGLINE_CORS_ORIGINS: * lets every web page connect, and none with credentials; "
            "name the origins of your pages."
        )


def _set(settings: Settings, *names: str) -> list[str]:
    return [variable(name) for name in names if getattr(settings, name)]


def _one_key(settings: Settings) -> str | None:
    keys = _set(settings, *_KEYS)
    if not keys:
        return (
            "Set RINGLINE_JWT_SECRET (≥ 32 bytes), RINGLINE_JWT_PUBLIC_KEY or RINGLINE_JWKS_URL, "
            "so that clients' tokens can be verified; for a trial run use `make run`."
        )
    if len(keys) > 1:
        return f"{' and '.join(keys)} are set together; keep the one that tokens are signed for."
    return None


def _algorithm_fits_key(settings: Settings) -> str | None:
    fit = {"HS256"} if settings.jwt_secret else {"RS256", "ES256", "EdDSA"}
    strangers = [name for name in settings.jwt_algorithms if name not in fit]
    keys = _set(settings, *_KEYS)
    if not strangers or len(keys) != 1:
        return None
    return (
        f"RINGLINE_JWT_ALGORITHMS: {', '.join(strangers)} cannot be verified with {keys[0]}; "
        f"leave it unset, or choose from {', '.join(sorted(fit))}."
    )


def _turn_is_whole(settings: Settings) -> str | None:
    if settings.turn_secret and not settings.turn_urls:
        return "RINGLINE_TURN_SECRET is set without RINGLINE_TURN_URLS; set both or neither."
    if not settings.turn_secret and (lone := _set(settings, "turn_urls", "turn_regions")):
        return f"{_are(lone)} set without RINGLINE_TURN_SECRET; set both or neither."
    return None


def _coturn_is_named(settings: Settings) -> str | None:
    named = "coturn" in settings.turn_provider
    if not named and (lone := _set(settings, "turn_urls", "turn_secret", "turn_regions")):
        return (
            f"RINGLINE_TURN_PROVIDER does not name coturn, for which {_are(lone)} set; "
            "name it, or leave those unset."
        )
    if named and len(settings.turn_provider) > 1 and not settings.turn_urls:
        return (
            "RINGLINE_TURN_PROVIDER names coturn; set RINGLINE_TURN_URLS and RINGLINE_TURN_SECRET, "
            "or do not name it."
        )
    return None


def _account_is_whole(provider: str, needed: tuple[str, ...]) -> Rule:
    def broken(settings: Settings) -> str | None:
        given = _set(settings, *needed)
        lacking = [name for name in map(variable, needed) if name not in given]
        if provider in settings.turn_provider and lacking:
            return f"RINGLINE_TURN_PROVIDER names {provider}; set {' and '.join(lacking)}."
        if provider not in settings.turn_provider and given:
            return (
                f"RINGLINE_TURN_PROVIDER does not name {provider}, for which {_are(given)} set; "
                "name it, or leave those unset."
            )
        return None

    return Rule(frozenset({"turn_provider", *needed}), broken)


def _are(names: list[str]) -> str:
    return f"{' and '.join(names)} {'is' if len(names) == 1 else 'are'}"


def _relay_has_turn(settings: Settings) -> str | None:
    bought = set(settings.turn_provider) - {"coturn"}
    if settings.ice_transport_policy == "relay" and not (settings.turn_urls or bought):
        return (
            "RINGLINE_ICE_TRANSPORT_POLICY: with relay, nobody can talk without a TURN server; "
            "set RINGLINE_TURN_URLS and RINGLINE_TURN_SECRET, or leave it at all."
        )
    return None


def _two_ports(settings: Settings) -> str | None:
    shared = set(settings.host) & set(settings.admin_host)
    if settings.port == settings.admin_port != 0 and shared:
        return (
            f"RINGLINE_PORT and RINGLINE_ADMIN_PORT are both {settings.port}; "
            "health and metrics need a port of their own."
        )
    return None


def _media_outlive_the_window(settings: Settings) -> str | None:
    if settings.detached_call_limit < settings.resume_window:
        return (
            f"RINGLINE_DETACHED_CALL_LIMIT: {settings.detached_call_limit} is less than "
            f"RINGLINE_RESUME_WINDOW ({settings.resume_window}); make it as long at least."
        )
    return None


RULES = (
    Rule(frozenset(_KEYS), _one_key),
    Rule(frozenset({*_KEYS, "jwt_algorithms"}), _algorithm_fits_key),
    Rule(frozenset({"turn_secret", "turn_urls", "turn_regions"}), _turn_is_whole),
    Rule(
        frozenset({"turn_provider", "turn_secret", "turn_urls", "turn_regions"}), _coturn_is_named
    ),
    _account_is_whole("cloudflare", ("cloudflare_turn_key_id", "cloudflare_turn_api_token")),
    _account_is_whole("twilio", ("twilio_account_sid", "twilio_api_secret")),
    _account_is_whole("static", ("turn_static_servers",)),
    Rule(frozenset({"ice_transport_policy", "turn_provider", "turn_urls"}), _relay_has_turn),
    Rule(frozenset({"detached_call_limit", "resume_window"}), _media_outlive_the_window),
    Rule(frozenset({"host", "port", "admin_host", "admin_port"}), _two_ports),
)

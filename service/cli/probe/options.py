"""The arguments of `ringline probe`."""

import argparse
from collections.abc import Callable


def declare(parser: argparse.ArgumentParser, duration: Callable[[str], int]) -> None:
    """Add them to a parser; `duration` reads 90, 15m or 1h as seconds."""
    parser.description = (
        "Have two users connect, call each other, exchange candidates, use TURN and hang up, and "
        "say how long each step took. Exit status: 0 it works, 1 it does not, 2 wrong arguments."
    )
    parser.add_argument(
        "--url", metavar="ORIGIN", help="the service; if unset, at RINGLINE_HOST and _PORT"
    )
    parser.add_argument(
        "--timeout",
        type=_seconds,
        default=10.0,
        metavar="SECONDS",
        help="how long to wait for any one answer; if unset, 10",
    )
    parser.add_argument("--no-turn", action="store_true", help="leave TURN out")
    parser.add_argument(
        "--insecure", action="store_true", help="take any certificate, as of `make run LAN=1`"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object a run")
    _identity(parser.add_argument_group("who calls"))
    _repetition(parser.add_argument_group("as a canary"), duration)


def _identity(group: argparse._ArgumentGroup) -> None:
    group.description = "Tokens are made with a secret, or are given."
    group.add_argument(
        "--key", metavar="SECRET", help="the service's HS256 key; if unset, RINGLINE_JWT_SECRET"
    )
    group.add_argument(
        "--issuer", metavar="ISS", help="tokens' `iss`; if unset, RINGLINE_JWT_ISSUER"
    )
    group.add_argument(
        "--audience", metavar="AUD", help="tokens' `aud`; if unset, RINGLINE_JWT_AUDIENCE"
    )
    group.add_argument("--token-a", metavar="TOKEN", help="the caller's token")
    group.add_argument("--token-b", metavar="TOKEN", help="the callee's token")


def _repetition(group: argparse._ArgumentGroup, duration: Callable[[str], int]) -> None:
    group.add_argument(
        "--every",
        type=duration,
        metavar="TIME",
        help="repeat at this interval, 10s or longer, until SIGTERM: 30, 1m",
    )
    group.add_argument(
        "--metrics-port",
        type=int,
        metavar="PORT",
        help="with --every: serve Prometheus metrics; 0 takes a free port",
    )
    group.add_argument(
        "--metrics-host",
        default="*",
        metavar="ADDRESS",
        help="where; if unset, at every address of IPv4 and IPv6",
    )


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= 600:  # noqa: PLR2004  NaN is none, either
        raise argparse.ArgumentTypeError(f'"{text}" is not a number of seconds up to 600')
    return seconds

"""What Ringline adds to Locust's own arguments."""

from locust.argument_parser import LocustArgumentParser

_CLAIMS = {"issuer": "iss", "audience": "aud"}


def declare(parser: LocustArgumentParser, **_: object) -> None:
    """Add the key that tokens are signed with, who loses connections, and what a run must hold."""
    parser.add_argument(
        "--key",
        env_var="RINGLINE_JWT_SECRET",
        include_in_web_ui=False,
        help="the service's HS256 key, which signs the users' tokens",
    )
    for name, claim in _CLAIMS.items():
        parser.add_argument(
            f"--{name}", env_var=f"RINGLINE_JWT_{name.upper()}", help=f"tokens' `{claim}`"
        )
    parser.add_argument(
        "--resumable",
        type=float,
        default=0.0,
        help="share of users, 0 to 1, whose sessions outlive their connections; if unset, 0",
    )
    parser.add_argument(
        "--drops",
        type=float,
        default=2.0,
        help="how often a minute each of these loses its connection; if unset, 2",
    )
    most = {
        "--most-failed": (0.0, "share of failed requests, 0 to 1"),
        "--most-setup-ms": (1000.0, "95th percentile of `call setup`"),
        "--most-relay-ms": (250.0, "95th percentile of `relay`"),
    }
    for option, (default, what) in most.items():
        parser.add_argument(
            option,
            type=float,
            default=default,
            help=f"the run fails when it is more: {what}; if unset, {default:g}",
        )

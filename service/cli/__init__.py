"""The command line, with a file or folder for each command. Nothing below imports from here.

A command's module is imported only when the command is called, so that `ringline token` does not
wait for the server's libraries. Only this file reads the environment.
"""

import argparse
import os
import re
import signal
import sys
from collections.abc import Sequence

from service import __version__
from service.cli.probe import options
from service.settings import SettingsError

WRONG = 2  # the exit status for a wrong setting, as argparse has it for a wrong argument
UNREAD = 128 + signal.SIGPIPE
_DURATION = re.compile(r"([1-9][0-9]{0,8})([smhd]?)")
_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3_600, "d": 86_400}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status.

    It is 2 when a setting or an argument is wrong. It is 141, as of a program that SIGPIPE ended,
    when the reader of the output has gone.
    """
    try:
        try:
            return _main(arguments)
        finally:
            print(end="", flush=True)
    except BrokenPipeError:
        # Buffered output would be written at the exit, and fail again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return UNREAD


def _main(arguments: Sequence[str] | None) -> int:
    parser = _parser()
    chosen = parser.parse_args(arguments)
    if chosen.lan and not chosen.dev:
        parser.error("--lan goes with --dev")
    try:
        return _run(chosen)
    except SettingsError as wrong:
        for mistake in wrong.mistakes:
            print(f"ringline: {mistake}", file=sys.stderr)
        return WRONG


def _run(chosen: argparse.Namespace) -> int:
    # Each branch has its import, so that a command loads only what it needs.
    match chosen.command:
        case "config":
            from service.cli import config  # noqa: PLC0415

            return config.run(os.environ)
        case "token":
            from service.cli import token  # noqa: PLC0415

            return token.run(os.environ, chosen.sub, chosen.name, chosen.ttl, chosen.scope)
        case "probe":
            from service.cli.probe import command  # noqa: PLC0415

            return command.run(os.environ, chosen)
        case _ if chosen.dev:
            from service.cli.dev import serving  # noqa: PLC0415

            return serving.run(lan=chosen.lan)
        case _:
            from service.cli import serve  # noqa: PLC0415

            return serve.run(os.environ)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="ringline",
        description="WebRTC signalling for 1:1 audio and video calls.",
        epilog="Without a command: serve. Settings come from RINGLINE_… environment variables, a "
        ".env file in the working directory and secret files; docs/settings.md lists them.",
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    parser.set_defaults(dev=False, lan=False)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", dest="command")
    _serve(commands.add_parser("serve", help="run the service"))
    commands.add_parser("config", help="print the settings in force, secrets masked")
    _token(commands.add_parser("token", help="make a token for a user, for development"))
    probe = commands.add_parser("probe", help="see whether a service works, end to end")
    options.declare(probe, _duration)
    return parser


def _serve(parser: argparse.ArgumentParser) -> None:
    parser.description = "Run the service until SIGTERM or Ctrl-C."
    parser.add_argument(
        "--dev",
        action="store_true",
        help="a trial run: no settings needed, a throw-away key, two links to call each other",
    )
    parser.add_argument(
        "--lan",
        action="store_true",
        help="with --dev: HTTPS on this machine's LAN addresses, so that phones can join",
    )


def _token(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Make a token with RINGLINE_JWT_SECRET and print it. For development: in production, "
        "tokens come from your own login service."
    )
    parser.add_argument("--sub", required=True, metavar="USER", help="the user's id")
    parser.add_argument("--name", help="the name that others see")
    parser.add_argument(
        "--ttl",
        type=_duration,
        default="1h",
        help="how long it is valid: 90, 15m, 1d; if unset, 1h",
    )
    parser.add_argument(
        "--scope", action="append", default=[], help="a right, such as admin; may be repeated"
    )


def _duration(text: str) -> int:
    found = _DURATION.fullmatch(text)
    if not found:
        raise argparse.ArgumentTypeError(f'"{text}" is not a duration; write 90, 15m, 1h or 1d')
    return int(found[1]) * _SECONDS[found[2]]

"""The order in which development mode starts, and in which it ends."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from types import FrameType

from service import app
from service.cli.dev import coturn
from service.cli.dev.choices import Choices, Relay, choose, relay_beside
from service.cli.dev.greeting import admin_origin, greeting
from service.cli.dev.place import Place, this_machine, this_network
from service.cli.dev.refusal import CannotServe
from service.cli.dev.whereabouts import noted
from service.settings import Reading, read
from service.telemetry import log


def run(*, lan: bool) -> int:
    """See `service.cli.dev.run`. A coturn, where one is installed, ends after the service."""
    reading = read(os.environ)
    with _leaving_in_order(), TemporaryDirectory(prefix="ringline-") as folder:
        try:
            return _serve(reading, Path(folder), lan=lan)
        except CannotServe as refusal:
            print(f"ringline: {refusal}", file=sys.stderr)
            return 1


def _serve(reading: Reading, folder: Path, *, lan: bool) -> int:
    host = reading.values.get("host")
    place = this_network(folder, host) if lan else this_machine(host)
    with ExitStack() as beside:
        relay = beside.enter_context(relay_beside(reading, place))
        choices = choose(reading, place, relay)
        if relay:
            try:
                beside.enter_context(_running(relay, folder))
            except coturn.CoturnFailed as failure:
                relay, choices = None, _without_relay(reading, place, str(failure))
        settings = choices.settings
        log.configure(settings.log_level, settings.log_format, for_good=True)
        key = settings.jwt_secret[0].get_secret_value() if settings.jwt_secret else None
        admin = admin_origin(settings)
        beside.enter_context(noted(place.origin(settings.port), admin, key))
        return app.run(
            settings,
            ready=lambda: print(greeting(choices, place, relay), flush=True),
            tls=place.tls,
        )


@contextmanager
def _running(relay: Relay, folder: Path) -> Iterator[None]:
    lines = coturn.configuration(relay.address, relay.port, relay.secrets, folder)
    with coturn.running(lines, relay.address, relay.port, folder):
        yield


def _without_relay(reading: Reading, place: Place, why: str) -> Choices:
    choices = choose(reading, place, None)
    return replace(choices, notes=(*choices.notes, why))


@contextmanager
def _leaving_in_order() -> Iterator[None]:
    """Until the service takes SIGINT and SIGTERM over, and after, they end this by `finally`.

    A closed terminal counts as SIGTERM throughout, lest what runs beside outlives it.
    """

    def leave(number: int, _: FrameType | None) -> None:
        raise SystemExit(128 + number)

    before = {number: signal.signal(number, leave) for number in (signal.SIGINT, signal.SIGTERM)}
    # A thread waits for it: a handler that raised SIGTERM would have uvloop see it twice.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGHUP})
    Thread(target=_hang_up, name="hang-up", daemon=True).start()
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _hang_up() -> None:
    signal.sigwait({signal.SIGHUP})
    os.kill(os.getpid(), signal.SIGTERM)

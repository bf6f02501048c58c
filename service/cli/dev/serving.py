"""Development mode, from its start to its end."""

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
from service.cli.dev import CannotServe, coturn
from service.cli.dev.choices import choose, coturn_beside
from service.cli.dev.endpoint import this_machine, this_network
from service.cli.dev.greeting import admin_origin, greeting
from service.cli.dev.run_file import run_file
from service.settings import Reading, read
from service.telemetry import log


def run(*, lan: bool) -> int:
    """Serve on this machine, or with `lan` on its network, until a signal; gives the exit status.

    A coturn beside the service ends after it.

    Raises:
        SettingsError: something that is set is wrong.
    """
    reading = read(os.environ)
    with _leaving_in_order(), TemporaryDirectory(prefix="ringline-") as folder:
        try:
            return _serve(reading, Path(folder), lan=lan)
        except CannotServe as refusal:
            print(f"ringline: {refusal}", file=sys.stderr)
            return 1


def _serve(reading: Reading, folder: Path, *, lan: bool) -> int:
    host = reading.values.get("host")
    endpoint = this_network(folder, host) if lan else this_machine(host)
    with ExitStack() as beside:
        turn = beside.enter_context(coturn_beside(reading, endpoint))
        choices = choose(reading, endpoint, turn)
        if turn:
            lines = coturn.configuration(turn.address, turn.port, turn.secrets, folder)
            try:
                beside.enter_context(coturn.running(lines, turn.address, turn.port, folder))
            except coturn.CoturnFailed as failure:
                turn, choices = None, choose(reading, endpoint, None)
                choices = replace(choices, notes=(*choices.notes, str(failure)))
        settings = choices.settings
        log.configure(settings.log_level, settings.log_format)
        key = settings.jwt_secret[0].get_secret_value() if settings.jwt_secret else None
        admin = admin_origin(settings)
        beside.enter_context(run_file(endpoint.origin(settings.port), admin, key))
        return app.run(
            settings,
            ready=lambda: print(greeting(choices, endpoint, turn), flush=True),
            tls=endpoint.tls,
        )


@contextmanager
def _leaving_in_order() -> Iterator[None]:
    """SIGINT and SIGTERM raise `SystemExit`, before and after the service handles them itself.

    A closed terminal counts as SIGTERM all the time, so that a coturn beside the service ends, too.
    """

    def leave(number: int, _: FrameType | None) -> None:
        raise SystemExit(128 + number)

    before = {number: signal.signal(number, leave) for number in (signal.SIGINT, signal.SIGTERM)}
    # A thread waits for SIGHUP: if a handler raised SIGTERM, uvloop would see it twice.
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

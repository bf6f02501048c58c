"""`ringline serve`: read the settings, set up the log, run."""

import gc
from collections.abc import Mapping

import structlog

from service import __version__
from service.settings import cautions, load, read, settings_from
from service.telemetry import log


def run(environ: Mapping[str, str]) -> int:
    """Serve until a signal; gives the exit status.

    Raises:
        SettingsError: something is set wrong; nothing was started.
    """
    reading = read(environ)
    settings = settings_from(reading)
    log.configure(settings.log_level, settings.log_format)
    logger = structlog.get_logger(__name__)
    for warning in reading.warnings:
        logger.warning("config.unknown", hint=warning)
    for caution in cautions(settings):
        logger.warning("config.unsafe", hint=caution)
    # No values, which may hold secrets or addresses; `ringline config` shows them.
    places = {setting: source.place for setting, source in sorted(reading.sources.items())}
    gc.disable()  # nothing that is loaded now is garbage; `app` enables it
    from service import app  # noqa: PLC0415  a wrong setting is reported before all this is loaded

    return app.run(
        settings,
        # Not before: a port that cannot be opened is reported in one sentence, without other lines.
        ready=lambda: logger.info("config.loaded", version=__version__, settings=places),
        reread=lambda: load(environ),
    )

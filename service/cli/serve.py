"""`ringline serve`: read the settings, set up the log, run."""

import gc
from collections.abc import Mapping

import structlog

from service import __version__
from service.settings import cautions, load, read, settings_from
from service.telemetry import log


def run(environ: Mapping[str, str]) -> int:
    """Serve until told to stop; the exit status.

    Raises:
        SettingsError: something is set wrong; nothing was started.
    """
    reading = read(environ)
    settings = settings_from(reading)
    log.configure(settings.log_level, settings.log_format, for_good=True)
    logger = structlog.get_logger(__name__)
    for warning in reading.warnings:
        logger.warning("config.unknown", hint=warning)
    for caution in cautions(settings):
        logger.warning("config.unsafe", hint=caution)
    # Names alone: values may hold secrets or addresses, and `ringline config` shows the rest.
    places = {setting: source.place for setting, source in sorted(reading.sources.items())}
    gc.disable()  # none of what is loaded now is garbage; `app` enables it
    from service import app  # noqa: PLC0415  a wrong setting is told before all this is loaded

    return app.run(
        settings,
        # Not before: what is wrong with a port is told in one sentence and nothing else.
        ready=lambda: logger.info("config.loaded", version=__version__, settings=places),
        reread=lambda: load(environ),
    )

import io
import json
import logging
import socket
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

import engineio
import pytest
import socketio
import structlog
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, use_span

from service.telemetry.log import configure


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture(autouse=True)
def as_it_was():
    """What `configure` changes is the process's own: put it back.

    A server that another test made before any root handler was there has one of its own.
    """
    root = logging.getLogger()
    names = ("uvicorn.access", "engineio.server", "socketio.server")
    loggers = [root, *map(logging.getLogger, names)]
    before = [(logger, logger.level, logger.disabled, logger.handlers[:]) for logger in loggers]
    for name in ("engineio.server", "socketio.server"):
        logging.getLogger(name).handlers.clear()
    yield
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()
    for logger, level, disabled, handlers in before:
        logger.setLevel(level)
        logger.disabled = disabled
        logger.handlers[:] = handlers


@pytest.fixture
def stream():
    return io.StringIO()


@pytest.fixture
def log():
    return structlog.get_logger("ringline.test")


def lines(stream):
    return [json.loads(line) for line in stream.getvalue().splitlines()]


class TestJson:
    def test_one_object_a_line_with_level_and_time(self, stream, log):
        configure("info", "json", stream)
        log.info("call.summary", call_id="c_1", ring=1.5, name="Ä\n")
        (line,) = lines(stream)
        written = datetime.fromisoformat(line.pop("timestamp"))
        assert written.utcoffset() == timedelta(0)
        assert line == {
            "event": "call.summary",
            "node": socket.gethostname(),
            "level": "info",
            "call_id": "c_1",
            "ring": 1.5,
            "name": "Ä\n",
        }

    def test_what_is_below_the_level_is_not_written(self, stream, log):
        configure("warning", "json", stream)
        log.debug("a")
        log.info("b")
        log.warning("c")
        log.error("d")
        assert [(line["event"], line["level"]) for line in lines(stream)] == [
            ("c", "warning"),
            ("d", "error"),
        ]

    def test_debug_is_written_when_asked_for(self, stream, log):
        configure("debug", "json", stream)
        log.debug("call.state", state="ringing")
        assert lines(stream)[0]["state"] == "ringing"

    def test_what_is_bound_to_the_context_is_on_the_line(self, stream, log):
        configure("info", "json", stream)
        with structlog.contextvars.bound_contextvars(call_id="c_1"):
            log.info("a")
        log.info("b")
        assert [line.get("call_id") for line in lines(stream)] == ["c_1", None]

    def test_a_failure_brings_its_trace_without_local_values(self, stream, log):
        configure("info", "json", stream)
        token = "hush" + str(id(stream))
        try:
            dict[int, str]()[len(token)]
        except KeyError:
            log.exception("broken")
        (line,) = lines(stream)
        assert line["level"] == "error"
        assert "KeyError" in line["exception"]
        assert token not in stream.getvalue()

    def test_a_value_that_is_no_json_does_not_break_the_line(self, stream, log):
        configure("info", "json", stream)
        log.info("odd", value={1, 2}, raw=b"\xff")
        assert lines(stream)[0]["event"] == "odd"

    def test_a_name_that_no_utf_8_can_hold_does_not_either(self, stream, log):
        configure("info", "json", stream)
        log.info("odd", file=b"\xff".decode(errors="surrogateescape"), value={1})
        assert lines(stream)[0]["file"] == "\udcff"

    def test_a_full_disk_ends_nothing(self):
        script = (
            "import logging, structlog; from service.telemetry.log import configure\n"
            "configure('info', 'json'); structlog.get_logger('service.x').info('a' * 100_000)\n"
            "logging.getLogger('uvicorn.error').warning('b' * 100_000); print('goes on')"
        )
        with Path("/dev/full").open("w") as full:
            told = subprocess.run(
                [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=full, check=True
            )
        assert told.stdout == b"goes on\n"


class TestTrace:
    def test_a_line_within_a_span_has_its_ids(self, stream, log):
        configure("info", "json", stream)
        with current(trace_id=0xABC, span_id=0xDEF):
            log.info("a")
            logging.getLogger("uvicorn.error").warning("b")
        log.info("c")
        assert [(line.get("trace_id"), line.get("span_id")) for line in lines(stream)] == [
            ("abc".zfill(32), "def".zfill(16)),
            ("abc".zfill(32), "def".zfill(16)),
            (None, None),
        ]

    def test_a_line_that_names_another_trace_keeps_that_and_gets_no_span(self, stream, log):
        configure("info", "json", stream)
        with current(trace_id=0xABC, span_id=0xDEF):
            log.info("call.summary", trace_id="another")
        (line,) = lines(stream)
        assert line["trace_id"] == "another"
        assert "span_id" not in line


def current(*, trace_id: int, span_id: int):
    context = SpanContext(trace_id, span_id, is_remote=False, trace_flags=TraceFlags(1))
    return use_span(NonRecordingSpan(context))


class TestConsole:
    def test_a_line_for_people(self, stream, log):
        configure("info", "console", stream)
        log.info("config.loaded", port=8001)
        text = stream.getvalue()
        assert "config.loaded" in text
        assert "port=8001" in text
        assert "\x1b" not in text

    def test_colours_on_a_terminal_only(self, log):
        terminal = Terminal()
        configure("info", "console", terminal)
        log.info("config.loaded")
        assert "\x1b[" in terminal.getvalue()

    def test_a_failure_brings_its_trace_without_local_values(self, stream, log):
        configure("info", "console", stream)
        token = "hush" + str(id(stream))
        try:
            dict[int, str]()[len(token)]
        except KeyError:
            log.exception("broken")
            logging.getLogger("asyncio").exception("broken there")
        assert stream.getvalue().count("KeyError") >= 2
        assert token not in stream.getvalue()

    def test_auto_is_console_on_a_terminal_and_json_elsewhere(self, stream, log):
        configure("info", "auto", stream)
        log.info("a")
        assert lines(stream)[0]["event"] == "a"
        terminal = Terminal()
        configure("info", "auto", terminal)
        log.info("b")
        assert not terminal.getvalue().startswith("{")


class TestLibraries:
    def test_their_lines_go_the_same_way(self, stream):
        configure("info", "json", stream)
        logging.getLogger("uvicorn.error").warning("port %d is taken", 80)
        (line,) = lines(stream)
        assert line["event"] == "port 80 is taken"
        assert (line["logger"], line["level"]) == ("uvicorn.error", "warning")
        assert datetime.fromisoformat(line["timestamp"]).utcoffset() == timedelta(0)

    @pytest.mark.parametrize(
        "name",
        [
            "engineio.server",
            "socketio.server",
            "socketio",
            "uvicorn.error",
            "uvicorn.asgi",
            "asyncio",
            "picows",
            "some.other.library",
        ],
    )
    def test_none_gets_below_warning_even_at_debug(self, stream, name):
        configure("debug", "json", stream)
        logger = logging.getLogger(name)
        logger.debug("received packet MESSAGE data %s", "v=0 o=- sdp")
        logger.info("received event with %s", "a token")
        assert stream.getvalue() == ""
        logger.warning("trouble")
        assert lines(stream)[0]["event"] == "trouble"

    def test_access_lines_are_off(self, stream):
        configure("debug", "json", stream)
        logging.getLogger("uvicorn.access").critical("GET /v1/ice")
        assert stream.getvalue() == ""

    def test_the_socketio_server_adds_no_handler_of_its_own(self, stream):
        configure("debug", "json", stream)
        socketio.AsyncServer(async_mode="asgi")
        engineio.AsyncServer(async_mode="asgi")
        for name in ("socketio.server", "engineio.server"):
            assert logging.getLogger(name).handlers == []
            assert logging.getLogger(name).getEffectiveLevel() == logging.WARNING


class TestAgain:
    def test_the_last_call_counts_also_for_loggers_in_use(self, log):
        first, second = io.StringIO(), io.StringIO()
        configure("info", "json", first)
        log.info("one")
        configure("info", "json", second)
        log.info("two")
        assert [line["event"] for line in lines(first)] == ["one"]
        assert [line["event"] for line in lines(second)] == ["two"]

    def test_a_new_level_counts_for_loggers_in_use(self, stream, log):
        configure("info", "json", stream)
        log.debug("unseen")
        configure("debug", "json", stream)
        log.debug("seen")
        configure("warning", "json", stream)
        log.info("unseen again")
        assert [line["event"] for line in lines(stream)] == ["seen"]

    def test_handlers_of_others_stay(self, stream):
        theirs = logging.NullHandler()
        logging.getLogger().addHandler(theirs)
        configure("info", "json", stream)
        assert theirs in logging.getLogger().handlers

    def test_standard_error_is_the_default(self):
        script = (
            "import structlog; from service.telemetry.log import configure; configure('info');"
            "structlog.get_logger('service.x').info('here')"
        )
        told = subprocess.run(
            [sys.executable, "-c", script], capture_output=True, text=True, check=True
        )
        assert told.stdout == ""
        assert json.loads(told.stderr)["event"] == "here"


class TestCost:
    def test_a_line_below_the_level_runs_no_processor(self, stream, log):
        configure("info", "json", stream)
        seen = []

        def watch(_logger, method, line):
            seen.append(method)
            return line

        structlog.get_config()["processors"].insert(0, watch)
        log.debug("call.state", state="ringing")
        assert seen == []
        log.info("call.summary")
        assert seen == ["info"]

"""The command as a person or a script meets it: what it prints, and its exit status."""

import asyncio
import json
import re
import signal
import socket

import jwt
import pytest

from service.cli import main
from tests.cli.probe.trying import emptied
from tests.support.coturn import coturn
from tests.support.service import SECRET, running, token
from tests.support.waiting import until

pytestmark = pytest.mark.e2e

TURN_SECRET, OTHER = "north-" + "n" * 32, "south-" + "s" * 32
TIME = r"(\d\.\d|\d{2,}) ms"


class TestOutput:
    async def test_a_line_for_each_step_and_a_verdict(self, probe):
        with coturn(TURN_SECRET) as turn:
            async with running(turn_secret=[TURN_SECRET], turn_urls=[turn.url]) as service:
                status, out, err = await probe("--url", service.url)
        assert (status, err) == (0, "")
        *steps, verdict = out.splitlines()
        assert [line.split()[0] for line in steps] == [
            "connect", "call", "relay", "turn", "hang-up",
        ]  # fmt: skip
        assert all(re.fullmatch(rf"[a-z-]+ {TIME}", line) for line in steps)
        assert verdict == f"{service.url} works."

    async def test_a_skipped_step_says_why(self, service, probe):
        status, out, _ = await probe("--url", service.url)
        assert status == 0
        assert "turn skipped: the service has no TURN server\n" in out

    async def test_a_failure_is_a_sentence(self, service, probe):
        status, out, err = await probe("--url", service.url, "--key", OTHER)
        assert status == 1
        assert re.fullmatch(rf"connect failed after {TIME}\n", out)
        assert err == (
            f"ringline: {service.url} fails at connect: the caller is refused: unauthenticated "
            "(The token's signature does not verify.).\n"
        )

    async def test_a_service_that_is_down(self, probe):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        status, _, err = await probe("--url", url)
        assert status == 1
        assert err == f"ringline: {url} fails at connect: it cannot be reached (refused).\n"

    async def test_a_wrong_turn_secret(self, probe):
        with coturn(TURN_SECRET) as turn:
            async with running(turn_secret=[OTHER], turn_urls=[turn.url]) as service:
                status, out, err = await probe("--url", service.url)
        assert status == 1
        assert "\nturn failed after " in out
        assert f"fails at turn: {turn.url}, allocate: it refuses the credential (401)" in err

    async def test_patience_is_an_option(self, probe):
        with socket.create_server(("127.0.0.1", 0)) as silent:
            url = f"http://127.0.0.1:{silent.getsockname()[1]}"
            status, out, _ = await probe("--url", url, "--timeout", "0.3")
        assert status == 1
        found = re.fullmatch(r"connect failed after (\d+) ms\n", out)
        assert found
        assert 300 <= int(found[1]) < 1500

    async def test_no_secret_is_ever_printed(self, service, probe):
        for options in ((), ("--key", OTHER), ("--json",)):
            _, out, err = await probe("--url", service.url, *options)
            for secret in (SECRET, OTHER, "eyJ"):
                assert secret not in out + err


class TestJson:
    async def test_of_a_run_that_works(self, service, probe):
        status, out, err = await probe("--url", service.url, "--json")
        assert (status, err) == (0, "")
        assert out.count("\n") == 1
        record = json.loads(out)
        assert (record["url"], record["ok"], record["why"]) == (service.url, True, None)
        seconds = [step.pop("seconds") for step in record["steps"]]
        assert all(0 <= each < 5 for each in seconds)
        no_turn = "the service has no TURN server"
        assert record["steps"] == [
            {"step": "connect", "result": "ok", "why": None},
            {"step": "call", "result": "ok", "why": None},
            {"step": "relay", "result": "ok", "why": None},
            {"step": "turn", "result": "skipped", "why": no_turn},
            {"step": "hang-up", "result": "ok", "why": None},
        ]

    async def test_of_one_that_does_not(self, service, probe):
        status, out, err = await probe("--url", service.url, "--json", "--key", OTHER)
        assert (status, err) == (1, "")
        record = json.loads(out)
        assert record["ok"] is False
        (step,) = record["steps"]
        assert (step["step"], step["result"]) == ("connect", "failed")
        assert step["why"].startswith("the caller is refused: unauthenticated (")
        assert record["why"] == f"{service.url} fails at connect: {step['why']}."


class TestBesideAService:
    async def test_the_settings_are_those_of_the_service(self, probe):
        environ = {
            "RINGLINE_JWT_ISSUER": "https://id.example.org",
            "RINGLINE_JWT_AUDIENCE": "calls",
        }
        async with running(jwt_issuer="https://id.example.org", jwt_audience="calls") as service:
            status, out, _ = await probe(RINGLINE_PORT=str(service.port), **environ)
        assert status == 0
        assert f"http://127.0.0.1:{service.port} works." in out

    async def test_short_lives_are_kept(self, probe):
        async with running(jwt_max_lifetime=60) as service:
            url = service.url
            status, _, _ = await probe("--url", url, RINGLINE_JWT_MAX_LIFETIME="60")
        assert status == 0

    async def test_a_setting_that_is_not_for_it_does_no_harm(self, service, probe):
        status, _, err = await probe("--url", service.url, RINGLINE_PRESENCE="nonsense")
        assert (status, err) == (0, "")

    async def test_an_option_goes_before_a_setting(self, service, probe):
        environ = {"RINGLINE_JWT_SECRET": OTHER, "RINGLINE_PORT": "1"}
        status, _, _ = await probe("--url", service.url, "--key", SECRET, **environ)
        assert status == 0


def subjectless() -> str:
    return jwt.encode({"iat": 1}, SECRET, algorithm="HS256")


class TestWrongArguments:
    @pytest.fixture
    def told(self, monkeypatch, tmp_path, capsys):
        """The command in this process, which is quick; its status and what it said."""
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("RINGLINE_JWT_SECRET", SECRET)

        def run(*options):
            status: object
            try:
                status = main(["probe", *options])
            except SystemExit as exit_:  # argparse's way
                status = exit_.code
            return status, *capsys.readouterr()

        return run

    @pytest.mark.parametrize(
        ("options", "sentence"),
        [
            (("--url", "ftp://a"), '--url: "ftp://a" is not where a service is'),
            (("--url", "a:8001"), '--url: "a:8001" is not'),
            (("--url", "http://a:99999"), "is not where a service is"),
            (("--url", "http://a:0"), "is not where a service is"),
            (("--url", "http://"), "is not where a service is"),
            (("--url", "http://[::1"), "is not where a service is"),
            (("--url", "http://a/calls"), "is not where a service is"),
            (("--url", "http://u:p@a"), "is not where a service is"),
            (("--key", "short"), "--key: the value has 5 of the 32 bytes"),
            (("--token-a", token("a")), "Give --token-a and --token-b"),
            (("--token-b", token("a")), "Give --token-a and --token-b"),
            (("--token-a", token("a"), "--token-b", token("b"), "--key", SECRET), "or --key"),
            (("--token-a", token("a"), "--token-b", token("a")), "of one user"),
            (("--token-a", "x", "--token-b", "y"), "is not a token with a `sub`"),
            (("--token-a", subjectless(), "--token-b", token("b")), "is not a token with a `sub`"),
            (("--timeout", "0"), '"0" is not a number of seconds'),
            (("--timeout", "nan"), '"nan" is not a number of seconds'),
            (("--timeout", "soon"), '"soon" is not a number of seconds'),
            (("--every", "9"), "--every: take 10 s or more"),
            (("--every", "soon"), '"soon" is not a duration'),
            (("--metrics-port", "0"), "--metrics-port goes with --every"),
            (("--every", "10", "--metrics-port", "70000"), "70000 on 127.0.0.1 cannot be opened"),
            (("--sevre",), "unrecognized arguments: --sevre"),
        ],
    )
    def test_they_end_it_before_anything_is_tried(self, told, options, sentence):
        local = ("--metrics-host", "127.0.0.1")
        status, out, err = told(*options, *local)
        assert (status, out) == (2, "")
        assert sentence in err
        assert SECRET not in err

    def test_without_a_key(self, told, monkeypatch):
        monkeypatch.delenv("RINGLINE_JWT_SECRET")
        status, out, err = told()
        assert (status, out) == (2, "")
        assert err.startswith("ringline: Tokens are made with a secret: set RINGLINE_JWT_SECRET")
        assert len(err.splitlines()) == 1


class TestStopping:
    async def test_a_signal_ends_it_and_nothing_stays(self, start):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
            silent.bind(("127.0.0.1", 0))
            url = f"turn:127.0.0.1:{silent.getsockname()[1]}"
            async with running(turn_secret=[TURN_SECRET], turn_urls=[url]) as service:
                process = await start("--url", service.url)
                await until(service.calls.live, "a call")
                process.send_signal(signal.SIGTERM)
                assert await asyncio.wait_for(process.wait(), 5) == 1
                assert b"Traceback" not in await process.stderr.read()
                await emptied(service)


async def test_the_help_names_every_option(probe):
    status, out, _ = await probe("--help")
    assert status == 0
    for option in (
        "--url", "--key", "--token-a", "--token-b", "--issuer", "--audience", "--every",
        "--metrics-port", "--metrics-host", "--no-turn", "--timeout", "--json", "--insecure",
    ):  # fmt: skip
        assert f"  {option}" in out

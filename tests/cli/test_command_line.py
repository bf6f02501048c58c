"""The command line as a person meets it: a real process, a clean environment."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import jwt
import pytest

from service.settings import Settings, load

pytestmark = pytest.mark.e2e
SECRET = "0123456789abcdef0123456789abcdef"
KEY = {"RINGLINE_JWT_SECRET": SECRET}


@pytest.fixture
def ringline(tmp_path):
    """Run `python -m service …` in an empty folder, with these variables and no others."""

    def run(*arguments, **environ):
        return subprocess.run(
            [sys.executable, "-m", "service", *arguments],
            env={"PATH": os.environ["PATH"], **environ},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )

    return run


def settings_lines(printed):
    """What `config` printed, as a dictionary of values and one of comments."""
    rows = [line for line in printed.splitlines() if line.startswith("RINGLINE_")]
    values, comments = {}, {}
    for row in rows:
        assignment, _, comments[row.partition("=")[0]] = row.partition(" # ")
        name, _, values[name] = assignment.rstrip().partition("=")
    return values, comments


class TestHelp:
    def test_it_names_every_command(self, ringline):
        told = ringline("--help")
        assert told.returncode == 0
        for command in ("serve", "config", "token"):
            assert f"\n    {command} " in told.stdout
        assert "docs/settings.md" in told.stdout

    @pytest.mark.parametrize("command", ["serve", "config", "token"])
    def test_every_command_has_its_own(self, ringline, command):
        told = ringline(command, "--help")
        assert told.returncode == 0
        assert told.stdout.startswith(f"usage: ringline {command}")

    def test_the_version(self, ringline):
        told = ringline("--version")
        assert (told.returncode, told.stderr) == (0, "")
        name, number = told.stdout.split()
        assert name == "ringline"
        assert number.count(".") == 2

    def test_an_unknown_command_is_refused(self, ringline):
        told = ringline("sevre")
        assert told.returncode == 2
        assert "invalid choice: 'sevre'" in told.stderr

    def test_lan_goes_with_dev(self, ringline):
        told = ringline("serve", "--lan")
        assert told.returncode == 2
        assert "--lan goes with --dev" in told.stderr


class TestWrongSettings:
    @pytest.mark.parametrize("command", [(), ("serve",), ("config",), ("token", "--sub", "a")])
    def test_each_command_ends_with_a_sentence_for_each_mistake(self, ringline, command):
        told = ringline(*command, RINGLINE_PORT="x", RINGLINE_PRESENCE="y", **KEY)
        assert told.returncode == 2
        assert told.stdout == ""
        assert told.stderr.splitlines() == [
            'ringline: RINGLINE_PORT: "x" must be a whole number from 0 to 65535.',
            'ringline: RINGLINE_PRESENCE: "y" must be one of everyone, nobody.',
        ]

    def test_without_any_setting_it_says_what_to_set(self, ringline):
        told = ringline()
        assert told.returncode == 2
        assert told.stderr.startswith("ringline: Set RINGLINE_JWT_SECRET (")
        assert len(told.stderr.splitlines()) == 1

    def test_a_secret_is_not_repeated(self, ringline):
        told = ringline("config", RINGLINE_JWT_SECRET="hush")
        assert told.returncode == 2
        assert "hush" not in told.stdout + told.stderr


class TestConfig:
    def test_it_prints_every_setting_once(self, ringline):
        values, _ = settings_lines(ringline("config", **KEY).stdout)
        assert list(values) == [f"RINGLINE_{name.upper()}" for name in Settings.model_fields]

    def test_secrets_are_masked(self, ringline):
        told = ringline(
            "config",
            RINGLINE_TURN_SECRET="turn-one,turn-two",
            RINGLINE_TURN_URLS="turn:a",
            **KEY,
        )
        values, _ = settings_lines(told.stdout)
        assert values["RINGLINE_JWT_SECRET"] == "********"
        assert values["RINGLINE_TURN_SECRET"] == "********,********"
        for secret in (SECRET, "turn-one", "turn-two"):
            assert secret not in told.stdout + told.stderr

    def test_each_value_says_where_it_comes_from(self, ringline, tmp_path):
        (tmp_path / ".env").write_text("RINGLINE_RING_TIMEOUT=50\nRINGLINE_SECRETS_DIR=secrets\n")
        (tmp_path / "secrets").mkdir()
        (tmp_path / "secrets" / "jwt_secret").write_text(SECRET)
        told = ringline("config", RINGLINE_HOST="127.0.0.1", PORT="8123")
        values, comments = settings_lines(told.stdout)
        assert values["RINGLINE_PORT"] == "8123"
        assert comments["RINGLINE_PORT"] == "PORT, environment"
        assert comments["RINGLINE_HOST"] == "environment"
        assert comments["RINGLINE_RING_TIMEOUT"] == ".env"
        assert comments["RINGLINE_JWT_SECRET"] == "a secret file"
        assert comments["RINGLINE_CONNECT_TIMEOUT"] == "default"

    def test_what_it_prints_can_be_set_again(self, ringline, tmp_path):
        environ = {
            "RINGLINE_CORS_ORIGINS": "https://a.example.org,http://localhost:5173",
            "RINGLINE_TRUSTED_PROXIES": "10.0.0.0/8",
            "RINGLINE_TURN_SECRET": "********",
            "RINGLINE_TURN_URLS": "turn:a?transport=udp",
            "RINGLINE_TURN_REGIONS": '{"eu": ["turn:eu"], "us": ["turn:us", "turns:us"]}',
            "RINGLINE_CALL_WAITING": "yes",
            "RINGLINE_JWT_PUBLIC_KEY": "-----BEGIN PUBLIC KEY-----\nabc\n-----END PUBLIC KEY-----",
        }
        (tmp_path / "printed").write_text(ringline("config", **environ).stdout)
        assert load({}, env_file=tmp_path / "printed") == load(environ, env_file=None)

    def test_an_unknown_variable_is_warned_of_beside_the_output(self, ringline):
        told = ringline("config", RINGLINE_PROT="1", **KEY)
        assert told.returncode == 0
        assert "RINGLINE_PROT" not in told.stdout
        assert told.stderr == (
            "ringline: RINGLINE_PROT is not a setting of this version and is ignored; "
            "is RINGLINE_PORT meant?\n"
        )

    def test_any_origin_is_warned_of_beside_the_output(self, ringline):
        told = ringline("config", RINGLINE_CORS_ORIGINS="https://a.example.org,*", **KEY)
        assert told.returncode == 0
        assert "lets every" not in told.stdout
        assert told.stderr == (
            "ringline: RINGLINE_CORS_ORIGINS: * lets every web page connect, and none with "
            "credentials; name the origins of your pages.\n"
        )


class TestToken:
    def claims(self, told, **expected):
        assert (told.returncode, told.stderr) == (0, "")
        assert told.stdout.count("\n") == 1
        return jwt.decode(told.stdout.strip(), SECRET, algorithms=["HS256"], **expected)

    def test_it_is_the_users_for_an_hour(self, ringline):
        before = int(time.time())
        claims = self.claims(ringline("token", "--sub", "alice", **KEY))
        assert claims["sub"] == "alice"
        assert before <= claims["iat"] <= time.time()
        assert claims["exp"] - claims["iat"] == 3600
        assert claims.keys() == {"sub", "iat", "exp", "jti"}

    def test_it_carries_the_issuer_and_the_audience_that_are_asked_for(self, ringline):
        environ = {"RINGLINE_JWT_ISSUER": "id", "RINGLINE_JWT_AUDIENCE": "calls", **KEY}
        told = ringline("token", "--sub", "alice", **environ)
        assert self.claims(told, issuer="id", audience="calls")["sub"] == "alice"

    def test_of_several_keys_issuers_and_audiences_the_first_counts(self, ringline):
        environ = {
            "RINGLINE_JWT_SECRET": f"{SECRET},{'o' * 32}",
            "RINGLINE_JWT_ISSUER": "id,old",
            "RINGLINE_JWT_AUDIENCE": "calls,phones",
        }
        told = ringline("token", "--sub", "alice", **environ)
        assert self.claims(told, issuer="id", audience="calls")["sub"] == "alice"

    def test_a_name_and_scopes(self, ringline):
        options = ("--name", "Alice Ä", "--scope", "admin", "--scope", "read")
        claims = self.claims(ringline("token", "--sub", "alice", *options, **KEY))
        assert (claims["name"], claims["scope"]) == ("Alice Ä", "admin read")

    @pytest.mark.parametrize(
        ("ttl", "seconds"), [("90", 90), ("30s", 30), ("15m", 900), ("2h", 7200), ("1d", 86_400)]
    )
    def test_how_long_it_lives(self, ringline, ttl, seconds):
        claims = self.claims(ringline("token", "--sub", "alice", "--ttl", ttl, **KEY))
        assert claims["exp"] - claims["iat"] == seconds

    @pytest.mark.parametrize("ttl", ["0", "-1", "1w", "soon", "1h30m"])
    def test_a_duration_that_is_none(self, ringline, ttl):
        told = ringline("token", "--sub", "alice", f"--ttl={ttl}", **KEY)
        assert told.returncode == 2
        assert f'"{ttl}" is not a duration; write 90, 15m, 1h or 1d' in told.stderr

    @pytest.mark.parametrize(
        ("arguments", "why"),
        [
            (("--sub", "alice", "--ttl", "2d"), "lives longer than 86400 s"),
            (("--sub", ""), "sub is empty"),
            (("--sub", "a\nb"), "holds U+000A, which is no visible character"),
            (("--sub", "x" * 129), "over 128 characters"),
        ],
    )
    def test_what_the_service_would_refuse_is_not_made(self, ringline, arguments, why):
        told = ringline("token", *arguments, **KEY)
        assert (told.returncode, told.stdout) == (2, "")
        assert why in told.stderr
        assert "Traceback" not in told.stderr

    def test_without_a_secret_it_says_whom_to_ask(self, ringline):
        told = ringline("token", "--sub", "alice", RINGLINE_JWKS_URL="https://id.example.org/keys")
        assert (told.returncode, told.stdout) == (2, "")
        assert told.stderr.startswith("ringline: Tokens are made with RINGLINE_JWT_SECRET")
        assert len(told.stderr.splitlines()) == 1

    def test_a_user_must_be_named(self, ringline):
        told = ringline("token", **KEY)
        assert told.returncode == 2
        assert "--sub" in told.stderr


class TestLightness:
    @pytest.mark.parametrize("command", [["config"], ["token", "--sub", "alice"]])
    def test_a_small_command_does_not_load_the_server(self, tmp_path, command):
        script = (
            "import sys; from service.cli import main; status = main(sys.argv[1:]);"
            "heavy = {'socketio', 'engineio', 'fastapi', 'uvicorn'} & set(sys.modules);"
            "sys.exit(status or (f'loaded {heavy}' if heavy else 0))"
        )
        told = subprocess.run(
            [sys.executable, "-c", script, *command],
            env={"PATH": os.environ["PATH"], **KEY},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert (told.returncode, told.stderr) == (0, "")

    def test_the_installed_command_is_the_same(self, ringline, tmp_path):
        installed = subprocess.run(
            [Path(sys.executable).with_name("ringline"), "--help"],
            env={"PATH": os.environ["PATH"]},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=True,
        )
        assert installed.stdout == ringline("--help").stdout


class TestUnread:
    @pytest.mark.parametrize(
        "command", [["config"], ["token", "--sub", "alice"], ["--help"], ["--version"]]
    )
    def test_nobody_who_reads_what_is_printed_is_no_failure(self, tmp_path, command):
        reading, writing = os.pipe()
        os.close(reading)
        told = subprocess.run(
            [sys.executable, "-m", "service", *command],
            env={"PATH": os.environ["PATH"], **KEY},
            cwd=tmp_path,
            stdout=writing,
            stderr=subprocess.PIPE,
            text=True,
            timeout=30,
            check=False,
        )
        os.close(writing)
        assert (told.returncode, told.stderr) == (141, "")

    def test_a_probe_whose_steps_nobody_reads_ends(self, tmp_path):
        service = subprocess.Popen(
            [sys.executable, "-m", "service"],
            env={
                "PATH": os.environ["PATH"], "RINGLINE_HOST": "127.0.0.1", "RINGLINE_PORT": "0",
                "RINGLINE_ADMIN_PORT": "0", **KEY,
            },
            cwd=tmp_path,
            stderr=subprocess.PIPE,
            text=True,
        )  # fmt: skip
        reading, writing = os.pipe()
        os.close(reading)
        with service:
            try:
                assert service.stderr is not None
                ready = next(line for line in service.stderr if "node.ready" in line)
                url = f"http://127.0.0.1:{json.loads(ready)['port']}"
                told = subprocess.run(
                    [sys.executable, "-m", "service", "probe", "--url", url],
                    env={"PATH": os.environ["PATH"], **KEY},
                    cwd=tmp_path,
                    stdout=writing,
                    stderr=subprocess.PIPE,
                    text=True,
                    timeout=60,
                    check=False,
                )
            finally:
                service.terminate()
                os.close(writing)
        assert (told.returncode, told.stderr) == (141, "")


class TestServe:
    def test_it_serves_until_told_to_stop_and_warns_of_what_it_does_not_know(self, tmp_path):
        process = subprocess.Popen(
            [sys.executable, "-m", "service"],
            env={
                "PATH": os.environ["PATH"],
                "RINGLINE_HOST": "127.0.0.1",
                "RINGLINE_PORT": "0",
                "RINGLINE_ADMIN_PORT": "0",
                "RINGLINE_WEBHOOK_URL": "false",
                "RINGLINE_CORS_ORIGINS": "*",
                **KEY,
            },
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        seen = []
        with process:
            try:
                assert process.stderr is not None
                for line in process.stderr:
                    seen.append(json.loads(line))
                    if seen[-1]["event"] == "node.ready":
                        break
            finally:
                process.terminate()
            assert process.wait(timeout=20) == 0
        (warning,) = (line for line in seen if line["event"] == "config.unknown")
        assert warning["level"] == "warning"
        assert warning["hint"].startswith("RINGLINE_WEBHOOK_URL is not a setting")
        (unsafe,) = (line for line in seen if line["event"] == "config.unsafe")
        assert unsafe["level"] == "warning"
        assert unsafe["hint"].startswith("RINGLINE_CORS_ORIGINS: * lets every web page connect")
        assert seen[-1]["event"] == "node.ready"
        assert SECRET not in json.dumps(seen)

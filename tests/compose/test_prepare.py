"""`prepare`: secrets once, addresses at will, a rotation in place; a mistake is a sentence."""

from pathlib import Path

import pytest

from tests.compose.stack import copied, prepare

SECRETS = ("secrets/jwt_secret", "secrets/turn_secret", "grafana_password")


@pytest.fixture
def compose(tmp_path) -> Path:
    return copied(tmp_path)


def secrets(compose: Path) -> dict[str, str]:
    return {name: (compose / "local" / name).read_text() for name in SECRETS}


def settings(compose: Path) -> dict[str, str]:
    lines = (compose / ".env").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if not line.startswith("#"))


def test_it_makes_secrets_that_nobody_else_on_the_machine_reads(compose):
    assert prepare(compose, "127.0.0.1").returncode == 0
    made = secrets(compose)
    assert len(set(made.values())) == len(SECRETS)
    assert all(len(text) == 64 for text in made.values())
    assert (compose / "local").stat().st_mode & 0o777 == 0o700
    assert not [text for text in made.values() if text in (compose / ".env").read_text()]


def test_again_it_keeps_the_secrets_and_changes_the_addresses(compose):
    prepare(compose, "127.0.0.1")
    before = secrets(compose)
    assert prepare(compose, "127.0.0.1", "calls.example.org").returncode == 0
    assert secrets(compose) == before
    said = settings(compose)
    assert said["ORIGIN"] == said["CORS_ORIGINS"] == "https://calls.example.org"
    assert said["COMPOSE_PROFILES"] == "tls"
    assert said["LISTENING_IP"] == "127.0.0.1"
    assert "EXTERNAL_IP" not in said


def test_a_certificate_for_turn_is_taken_up(compose):
    prepare(compose, "127.0.0.1", "calls.example.org")
    assert "turns:" not in settings(compose)["TURN_URLS"]
    for name in ("tls.crt", "tls.key"):
        (compose / "local" / "tls" / name).write_text("PEM")
    prepare(compose, "127.0.0.1", "calls.example.org")
    said = settings(compose)
    assert said["TURN_URLS"].endswith(",turns:calls.example.org:5349?transport=tcp")
    assert said["TURN_TLS_CERT_FILE"] == "/etc/ringline-tls/tls.crt"
    assert said["TURN_TLS_KEY_FILE"] == "/etc/ringline-tls/tls.key"


def test_a_rotation_is_two_steps_in_the_same_file(compose):
    prepare(compose, "127.0.0.1")
    mounted = compose / "local" / "secrets" / "turn_secret"
    old, inode = mounted.read_text(), mounted.stat().st_ino
    assert prepare(compose, "rotate").returncode == 0
    new, _, kept = mounted.read_text().partition(",")
    assert kept == old
    assert new != old
    assert prepare(compose, "forget").returncode == 0
    assert mounted.read_text() == new
    assert mounted.stat().st_ino == inode


@pytest.mark.parametrize("words", [("127.0.0.1",), ("rotate",)])
@pytest.mark.parametrize("secret", ["two words", "it's", "=front", "x" * 256, "good, not good"])
def test_a_secret_of_one_s_own_that_coturn_cannot_keep_is_a_sentence(compose, words, secret):
    prepare(compose, "127.0.0.1")
    mounted = compose / "local" / "secrets" / "turn_secret"
    mounted.chmod(0o644)
    mounted.write_text(secret)
    done = prepare(compose, *words)
    assert done.returncode == 2
    assert "turn_secret has a secret that coturn cannot keep" in done.stderr
    assert mounted.read_text() == secret


@pytest.mark.parametrize("secret", ["one#two!", "one, two\n", "a=b"])
def test_one_that_it_can_keep_stays(compose, secret):
    prepare(compose, "127.0.0.1")
    mounted = compose / "local" / "secrets" / "turn_secret"
    mounted.chmod(0o644)
    mounted.write_text(secret)
    assert prepare(compose, "127.0.0.1").returncode == 0
    assert mounted.read_text() == secret


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ((), "./prepare 203.0.113.7"),
        (("calls.example.org",), "./prepare 203.0.113.7"),
        (("rotate",), "run ./prepare ADDRESS first"),
    ],
)
def test_a_mistake_is_a_sentence_and_writes_nothing(compose, words, sentence):
    done = prepare(compose, *words)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert not (compose / "local").exists()
    assert not (compose / ".env").exists()

"""A TURN secret that the settings take is one that coturn keeps: none is left out by surprise."""

import string
import time

import pytest

from service.settings import load
from service.settings.mistakes import SettingsError
from service.turn.credentials import password
from tests.support.coturn import coturn, refusal
from tests.support.service import SECRET

pytestmark = pytest.mark.e2e


def taken(text: str) -> list[str]:
    """The secrets that the settings make of a text, none when they refuse it."""
    environ = {"RINGLINE_JWT_SECRET": SECRET, "RINGLINE_TURN_URLS": "turn:t"}
    try:
        settings = load({**environ, "RINGLINE_TURN_SECRET": text}, env_file=None)
    except SettingsError:
        return []
    return [secret.get_secret_value() for secret in settings.turn_secret]


async def test_coturn_keeps_every_character_that_is_taken_wherever_it_stands():
    signs = [char for char in map(chr, range(256)) if char not in string.ascii_letters]
    texts = [f"{char}{number}a" for number, char in enumerate(signs)]
    texts += [f"a{number}{char}b{char}" for number, char in enumerate(signs)]
    secrets = [secret for text in [*texts, "x" * 255] for secret in taken(text)]
    assert len(secrets) > 60
    user = f"{int(time.time()) + 600}:alice"
    with coturn(*secrets) as server:
        for secret in secrets:
            assert await refusal(server, user, password(secret.encode(), user)) is None, secret

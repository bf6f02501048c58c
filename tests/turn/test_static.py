"""Servers that an operator wrote down."""

from typing import Any

import pytest

from service.ports import IceServer
from service.settings import Settings
from service.turn.static import StaticServers
from tests.support.service import SECRET
from tests.turn.accounts import NOW

WRITTEN = '[{"urls": "turn:t.example.org", "username": "u", "credential": "hush"}]'


def settings(text: str, **more: Any) -> Settings:
    named = {"turn_provider": ("static",), "turn_static_servers": text}
    return Settings.model_validate({"jwt_secret": SECRET, **named, **more})


def test_they_are_there_from_the_start_and_never_end():
    static = StaticServers(settings(WRITTEN, turn_ttl=600))
    for now in (NOW, NOW + 10**12):
        shared = static.current(now)
        assert shared.servers == (IceServer(("turn:t.example.org",), "u", "hush"),)
        assert shared.expires_at == now + 600_000


def test_others_are_handed_out_once_they_are_set():
    static = StaticServers(settings(WRITTEN))
    static.follow(settings(WRITTEN.replace("hush", "new")))
    assert static.current(NOW).servers[0].credential == "new"


@pytest.mark.parametrize(
    "text",
    [
        "turn:t.example.org",
        "{}",
        "[]",
        '[{"urls": ["stun:s"]}]',
        '[{"urls": ["turn:t"], "username": "u"}]',
        '[{"urls": ["turn:t"], "username": "hush", "credential": 5}]',
        "[" * 100_000,
    ],
)
def test_what_is_none_is_told_and_changes_nothing(text: str):
    static = StaticServers(settings(WRITTEN))
    with pytest.raises(ValueError, match="RINGLINE_TURN_STATIC_SERVERS is not a list") as refused:
        static.follow(settings(text))
    assert "hush" not in str(refused.value)
    assert static.current(NOW).servers[0].credential == "hush"

"""TURN servers by some settings."""

from typing import Any

from service.settings import Settings
from service.turn.servers import TurnServers


def turn_servers(**settings: Any) -> TurnServers:
    """The source of credentials; it mints with the newest secret at once, unless that is set."""
    return TurnServers(Settings.model_validate({"turn_secret_propagation": 0, **settings}))

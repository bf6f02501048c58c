"""A verifier of some settings."""

from typing import Any

from service.auth import setup
from service.auth.tokens import TokenVerifier
from service.settings import Settings


def verifier(**settings: Any) -> TokenVerifier:
    return setup.verifier(Settings.model_validate(settings))

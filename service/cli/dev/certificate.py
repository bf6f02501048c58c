"""The certificate of a development service."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Certificate:
    """Paths of PEM files: the chain and its key, and the authority that a client must trust."""

    chain: Path
    key: Path
    authority: Path

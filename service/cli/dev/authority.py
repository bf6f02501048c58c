"""A certificate for the machine's own addresses: browsers allow the camera only over HTTPS.

The authority that signs it is made once and kept, so that a phone needs to trust it only once. With
its key one can pose as any site to a device that trusts it: the key stays in its owner's cache
folder, and only devices for trying things out should trust it.
"""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import trustme

_NAME = "Ringline development"
_VALID = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Certificate:
    """Paths of PEM files: the chain and its key, and the authority that a client must trust."""

    chain: Path
    key: Path
    authority: Path


def cache_folder() -> Path:
    """Where the authority is kept: `$XDG_CACHE_HOME/ringline`, or `~/.cache/ringline`."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "ringline"


def certify(names: Iterable[str], folder: Path, cache: Path) -> Certificate:
    """A certificate for host names and addresses, written to `folder`, good for 30 days."""
    until = datetime.now(UTC) + _VALID
    leaf = _authority(cache).issue_cert(*names, organization_name=_NAME, not_after=until)
    chain, key = folder / "chain.pem", folder / "key.pem"
    chain.write_bytes(b"".join(blob.bytes() for blob in leaf.cert_chain_pems))
    _write_private(key, leaf.private_key_pem.bytes())
    return Certificate(chain, key, cache / "ca.pem")


def _authority(cache: Path) -> "trustme.CA":
    import trustme  # noqa: PLC0415  an extra, which only this needs

    certificate, key = cache / "ca.pem", cache / "ca-key.pem"
    try:
        return trustme.CA.from_pem(certificate.read_bytes(), key.read_bytes())
    except (FileNotFoundError, ValueError):
        authority = trustme.CA(organization_name=_NAME)
    cache.mkdir(mode=0o700, parents=True, exist_ok=True)
    _write_private(key, authority.private_key_pem.bytes())
    certificate.write_bytes(authority.cert_pem.bytes())
    return authority


def _write_private(path: Path, content: bytes) -> None:
    """Write a file that only its owner can read, at any moment."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)

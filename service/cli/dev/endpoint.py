"""Where the development service listens: for this machine alone, or for the whole network."""

from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

from service.cli.dev import CannotServe, lan
from service.cli.dev.authority import Certificate, cache_folder, certify

_LOOPBACK = "127.0.0.1"
_ANYWHERE = frozenset({"*", "0.0.0.0", "::"})


@dataclass(frozen=True, slots=True)
class Endpoint:
    """The hosts to listen at, comma separated; the address in links; a certificate for HTTPS."""

    host: str
    address: str
    certificate: Certificate | None = None

    def origin(self, port: int | str) -> str:
        """The origin of links to one of its ports."""
        scheme = "https" if self.certificate else "http"
        name = f"[{self.address}]" if ":" in self.address else self.address
        return f"{scheme}://{name}:{port}"

    @property
    def tls(self) -> tuple[str, str] | None:
        """The files of the certificate and of its key; None without HTTPS."""
        made = self.certificate
        return (str(made.chain), str(made.key)) if made else None

    @property
    def turn_address(self) -> str:
        """The address for a TURN server beside the service, which must be a number of IPv4."""
        try:
            return self.address if ip_address(self.address).version == 4 else _LOOPBACK  # noqa: PLR2004
        except ValueError:
            return _LOOPBACK


def this_machine(host: str | None = None) -> Endpoint:
    """The loopback address, which only this machine reaches; or the `host` that is set."""
    return Endpoint(host or _LOOPBACK, _nameable(host) or _LOOPBACK)


def this_network(folder: Path, host: str | None = None) -> Endpoint:
    """All of the machine's addresses, under a certificate written to `folder`.

    Raises:
        CannotServe: there is no network, or the library that makes certificates is missing.
    """
    addresses = lan.addresses()
    address = _nameable(host) or next(iter(addresses), None)
    if address is None:
        raise CannotServe("This machine has no address on a network; connect it to one first.")
    names = dict.fromkeys([address, *addresses, "localhost", _LOOPBACK, "::1"])
    try:
        certificate = certify(names, folder, cache_folder())
    except ModuleNotFoundError as missing:
        raise CannotServe(
            f"--lan needs {missing.name}, which is not installed; run: pip install 'ringline[dev]'"
        ) from None
    return Endpoint(host or "*", address, certificate)


def _nameable(hosts: str | None) -> str | None:
    """The first host that a link can name; `*` and the like are not such hosts."""
    names = [host.strip() for host in (hosts or "").split(",")]
    return next((name for name in names if name and name not in _ANYWHERE), None)

"""Where the development service is reached: from this machine, or from the whole network."""

from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

from service.cli.dev import lan
from service.cli.dev.certificate import Certificate
from service.cli.dev.refusal import CannotServe

_LOOPBACK = "127.0.0.1"
_ANYWHERE = frozenset({"*", "0.0.0.0", "::"})


@dataclass(frozen=True, slots=True)
class Place:
    """Where to listen, comma separated, the address that links name, and what makes it HTTPS."""

    host: str
    address: str
    certificate: Certificate | None = None

    def origin(self, port: int | str) -> str:
        """How links to a port of it begin."""
        scheme = "https" if self.certificate else "http"
        name = f"[{self.address}]" if ":" in self.address else self.address
        return f"{scheme}://{name}:{port}"

    @property
    def tls(self) -> tuple[str, str] | None:
        """The files of the certificate and of its key."""
        made = self.certificate
        return (str(made.chain), str(made.key)) if made else None

    @property
    def turn_address(self) -> str:
        """The address for a TURN server beside the service: it needs a number, of IPv4."""
        try:
            return self.address if ip_address(self.address).version == 4 else _LOOPBACK  # noqa: PLR2004
        except ValueError:
            return _LOOPBACK


def this_machine(host: str | None = None) -> Place:
    """Loopback, which nobody else on the network reaches; or a `host` that somebody chose."""
    return Place(host or _LOOPBACK, _nameable(host) or _LOOPBACK)


def this_network(folder: Path, host: str | None = None) -> Place:
    """All of the machine's addresses, under a certificate written to `folder`.

    Raises:
        CannotServe: there is no network, or no means to make a certificate.
    """
    addresses = lan.addresses()
    address = _nameable(host) or next(iter(addresses), None)
    if address is None:
        raise CannotServe("This machine has no address on a network; connect it to one first.")
    try:
        from service.cli.dev import authority  # noqa: PLC0415  its library is an extra
    except ModuleNotFoundError as missing:
        raise CannotServe(
            f"--lan needs {missing.name}, which is not installed; run: pip install 'ringline[dev]'"
        ) from None
    names = dict.fromkeys([address, *addresses, "localhost", _LOOPBACK, "::1"])
    certificate = authority.certify(names, folder, authority.cache_folder())
    return Place(host or "*", address, certificate)


def _nameable(hosts: str | None) -> str | None:
    """The first of the hosts that links can name; "anywhere" is no name."""
    names = [host.strip() for host in (hosts or "").split(",")]
    return next((name for name in names if name and name not in _ANYWHERE), None)

"""Addresses at which other machines on the network reach this one."""

import json
import shutil
import socket
import subprocess

_FAR_AWAY = ("198.51.100.1", 9)


def addresses() -> tuple[str, ...]:
    """This machine's IPv4 addresses but loopback, the one that faces the default route first.

    Without an `ip` command only that one is known; without a network there is none.
    """
    found = dict.fromkeys([*_primary(), *_listed()])
    return tuple(address for address in found if not address.startswith("127."))


def _primary() -> list[str]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            # Sends nothing: it only asks the routing table.
            probe.connect(_FAR_AWAY)
        except OSError:
            return []
        return [probe.getsockname()[0]]


def _listed() -> list[str]:
    ip = shutil.which("ip")
    if ip is None:
        return []
    listing = subprocess.run(  # noqa: S603 - the machine's own `ip`, nothing of it from outside
        [ip, "-json", "-4", "addr", "show", "up", "scope", "global"],
        capture_output=True,
        check=False,
    )
    if listing.returncode != 0:
        return []
    links = json.loads(listing.stdout or b"[]")
    return [entry["local"] for link in links for entry in link.get("addr_info", ())]

# ruff: noqa: INP001  a script that the chart mounts
"""Write the public addresses of the node that this pod is on, as its Node object has them.

node_address.py FILE [annotation|label KEY]: asks the cluster with the pod's own token for the Node
that NODE_NAME names, and takes its addresses of type ExternalIP, or those in its annotation or
label KEY.
"""

import json
import os
import ssl
import sys
import urllib.request
from collections.abc import Iterator
from ipaddress import ip_interface
from pathlib import Path
from typing import Any

TOKEN = Path("/var/run/secrets/kubernetes.io/serviceaccount")


def main(target: Path, *place: str) -> str | None:
    """Write the addresses, comma separated; a sentence when there is none."""
    name = os.environ["NODE_NAME"]
    try:
        found = public(node(name), *place)
    except OSError as failure:
        why = getattr(failure, "reason", failure)  # urllib wraps what the socket or TLS said
        return f"Node {name} cannot be read from the cluster's API: {why}."
    except ValueError as failure:
        return f"Node {name} {failure}"
    target.write_text(",".join(found))
    return None


def node(name: str) -> dict[str, Any]:
    """The Node."""
    host, port = (os.environ[f"KUBERNETES_SERVICE_{what}"] for what in ("HOST", "PORT"))
    host = f"[{host}]" if ":" in host else host
    asked = urllib.request.Request(
        f"https://{host}:{port}/api/v1/nodes/{name}",
        headers={"Authorization": f"Bearer {(folder() / 'token').read_text()}"},
    )
    trusted = ssl.create_default_context(cafile=str(folder() / "ca.crt"))
    # Python 3.13 and newer want key usage and key identifiers, which many a cluster's CA lacks.
    trusted.verify_flags &= ~ssl.VERIFY_X509_STRICT
    with urllib.request.urlopen(asked, context=trusted, timeout=10) as answer:  # noqa: S310
        found: dict[str, Any] = json.load(answer)
    return found


def public(node: dict[str, Any], kind: str = "", key: str = "") -> list[str]:
    """Its public addresses; raises ValueError with the rest of a sentence when there are none."""
    if not kind:
        addresses = node["status"].get("addresses", [])
        found = [one["address"] for one in addresses if one["type"] == "ExternalIP"]
        if not found:
            raise ValueError(
                "has no ExternalIP; set turn.externalIP, turn.discoverStun, or turn.nodeAddress "
                "to the annotation or label that has its public address."
            )
        return found
    text = node["metadata"].get(f"{kind}s", {}).get(key, "")
    if not text:
        raise ValueError(f"has no {kind} {key}, which turn.nodeAddress.{kind} names; set it.")
    return list(_read(text, f"has '{text}' in the {kind} {key}"))


def _read(text: str, where: str) -> Iterator[str]:
    for part in text.split(","):
        try:
            # Some write the length of the network's prefix behind the address.
            address = ip_interface(part.strip()).ip
        except ValueError:
            raise ValueError(
                f"{where}, where IP addresses are expected, comma separated."
            ) from None
        if address.is_unspecified or address.is_loopback or address.is_link_local:
            raise ValueError(f"{where}, which nobody outside the node can reach.")
        yield str(address)


def folder() -> Path:
    """Where the token and the cluster's certificate lie."""
    return Path(os.environ.get("SERVICEACCOUNT", TOKEN))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), *sys.argv[2:]))

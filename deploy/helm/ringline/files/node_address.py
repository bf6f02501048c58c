# ruff: noqa: INP001  a script that the chart mounts
"""Write the public addresses of the node that this pod is on, as its Node object has them.

node_address.py FILE: asks the cluster with the pod's own token for the Node that NODE_NAME names.
"""

import json
import os
import ssl
import sys
import urllib.request
from pathlib import Path

TOKEN = Path("/var/run/secrets/kubernetes.io/serviceaccount")


def main(target: Path) -> str | None:
    """Write the addresses, comma separated; a sentence when there is none."""
    name = os.environ["NODE_NAME"]
    host, port = (os.environ[f"KUBERNETES_SERVICE_{what}"] for what in ("HOST", "PORT"))
    host = f"[{host}]" if ":" in host else host
    asked = urllib.request.Request(
        f"https://{host}:{port}/api/v1/nodes/{name}",
        headers={"Authorization": f"Bearer {(folder() / 'token').read_text()}"},
    )
    trusted = ssl.create_default_context(cafile=str(folder() / "ca.crt"))
    with urllib.request.urlopen(asked, context=trusted, timeout=10) as answer:  # noqa: S310
        addresses = json.load(answer)["status"].get("addresses", [])
    public = [one["address"] for one in addresses if one["type"] == "ExternalIP"]
    if not public:
        return f"Node {name} has no ExternalIP; set turn.externalIP or turn.discoverStun."
    target.write_text(",".join(public))
    return None


def folder() -> Path:
    """Where the token and the cluster's certificate lie."""
    return Path(os.environ.get("SERVICEACCOUNT", TOKEN))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))

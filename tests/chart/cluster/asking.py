"""What a request asks of the API server: its path and query, read."""

from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from tests.chart.cluster.storage import Key
from tests.chart.rendering import Tree


@dataclass(frozen=True, slots=True)
class Asked:
    """As `/api/v1/namespaces/calls/pods?labelSelector=a=b` asks for the pods of calls."""

    url: str

    @property
    def path(self) -> str:
        return urlsplit(self.url).path

    @property
    def parts(self) -> list[str]:
        """What stands behind the version: namespaces/NAMESPACE/RESOURCE/NAME, or RESOURCE/NAME."""
        parts = self.path.strip("/").split("/")
        return parts[2:] if parts[0] == "api" else parts[3:]

    @property
    def key(self) -> Key:
        """Without a name where all of a resource are asked for."""
        parts = self.parts
        namespace = ""
        if parts[0] == "namespaces" and len(parts) > 2:
            namespace, parts = parts[1], parts[2:]
        return (namespace, parts[0], parts[1] if len(parts) > 1 else "")

    def said(self, name: str) -> str:
        """What the query has under a name; empty when nothing."""
        (value,) = parse_qs(urlsplit(self.url).query).get(name, [""])
        return value

    def selects(self, key: Key, tree: Tree) -> bool:
        """Whether an object is among those that are asked for."""
        namespace, resource, _ = self.key
        named = {"metadata.name": key[2], "metadata.namespace": key[0]}
        return (
            key[1] == resource
            and namespace in ("", key[0])
            and _meets(self.said("fieldSelector"), named)
            and _meets(self.said("labelSelector"), tree["metadata"].get("labels") or {})
        )


def _meets(selector: str, having: dict[str, str]) -> bool:
    wanted = [part.split("=") for part in selector.split(",") if part]
    return all(having.get(name) == value for name, *_, value in wanted)

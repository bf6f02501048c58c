"""`values.schema.json`: what values.schema.yaml says, with the service's settings filled in."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from deploy.chart.values import Value
from service.settings import Settings

SOURCE = Path(__file__).with_name("values.schema.yaml")
OWN = frozenset(
    {"port", "admin_host", "admin_port", "secrets_dir", "drain_window"}
    | {"jwt_secret", "turn_secret", "turn_urls", "turn_provider"}
    | {"cloudflare_turn_api_token", "twilio_api_secret", "turn_static_servers"}
)
"""Settings that the chart sets itself, from values of its own."""
_IMPLIED = {
    "minimum": "integer",
    "minLength": "string",
    "maxLength": "string",
    "maxItems": "array",
    "contains": "array",
    "maxProperties": "object",
}

Schema = dict[str, Any]


def schema(values: Iterable[Value]) -> Schema:
    """The whole schema, JSON Schema draft 7."""
    source = yaml.safe_load(SOURCE.read_text(encoding="utf-8"))
    needs = source.pop("needs")
    made = _closed({"$schema": "http://json-schema.org/draft-07/schema#", **source})
    made["type"] = "object"
    made["properties"]["settings"] = settings()
    for value in values:
        _describe(made, value)
    return {**made, "allOf": [_rule(need["when"], need["need"]) for need in needs]}


def settings() -> Schema:
    """What `settings` may hold: those of the service, in camelCase, none of the chart's own."""
    known = Settings.model_json_schema()["properties"]
    kept = {_camel(name): _setting(one) for name, one in known.items() if name not in OWN}
    return {"type": "object", "additionalProperties": False, "properties": kept}


def text(values: Iterable[Value]) -> str:
    """The file."""
    return json.dumps(schema(values), indent=2, ensure_ascii=False) + "\n"


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(map(str.capitalize, rest))


def _setting(found: Schema) -> Schema:
    """A setting as one may write it in YAML; an unset one may be null."""
    kind = {key: one for key, one in found.items() if key not in {"title", "default"}}
    meaning = kind.pop("description")
    (kind,) = [one for one in kind.pop("anyOf", [kind]) if one.get("type") != "null"]
    if "enum" in kind:
        return {"description": meaning, "enum": [*kind["enum"], None]}
    if kind["type"] == "array":
        # A list may be written with commas, as in the environment.
        return {"description": meaning, "anyOf": [kind, {"type": ["string", "null"]}]}
    return {"description": meaning, **kind, "type": [kind["type"], "null"]}


def _closed(node: Any) -> Any:
    """The same with no properties but those that are listed."""
    if isinstance(node, list):
        return [_closed(one) for one in node]
    if not isinstance(node, dict):
        return node
    closed = {key: _closed(one) for key, one in node.items()}
    if isinstance(node.get("properties"), dict):
        closed.setdefault("additionalProperties", False)
    return closed


def _describe(made: Schema, value: Value) -> None:
    node = made
    for key in value.path:
        # What a shared definition says of `tag` is not said of one image alone.
        if "properties" not in node:
            return
        node = node["properties"][key]
    node["description"] = value.meaning


def _rule(when: Schema, need: str) -> Schema:
    return {"if": _given(when), "then": {"required": [need]}}


def _given(when: Schema) -> Schema:
    """The condition, which holds only where its values are there and of their kind."""
    if "properties" not in when:
        implied = sorted({kind for key, kind in _IMPLIED.items() if key in when})
        return {"type": implied, **when} if implied else when
    parts = {key: _given(part) for key, part in when["properties"].items()}
    return {"type": "object", "required": list(parts), "properties": parts}

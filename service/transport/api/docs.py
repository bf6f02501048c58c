"""`/docs`: the OpenAPI document as a page for people, written here, so that it works offline."""

from collections.abc import Iterator
from html import escape
from typing import Any

from fastapi import FastAPI
from starlette.responses import HTMLResponse

from service.transport.api.web import HEADERS

_STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 52rem; margin: 2rem auto; padding: 0 1rem; }
code, pre { font-family: ui-monospace, monospace; font-size: .9em; }
details { border: 1px solid #8886; border-radius: .5rem; margin: .75rem 0; padding: .6rem 1rem; }
summary { cursor: pointer; } summary b { display: inline-block; min-width: 4.5rem; }
table { border-collapse: collapse; width: 100%; }
td, th { border-top: 1px solid #8884; padding: .3rem .6rem .3rem 0; text-align: left; }
"""
_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
_HEADERS = {**HEADERS, "Content-Security-Policy": _POLICY}
_REF = "#/components/schemas/"


def serve_docs(app: FastAPI) -> None:
    """Put the page at `/docs`."""

    @app.get("/docs", include_in_schema=False)
    async def docs() -> HTMLResponse:
        return HTMLResponse("".join(page(app.openapi())), headers=_HEADERS)


def page(document: dict[str, Any]) -> Iterator[str]:
    """The page of an OpenAPI document, piece by piece."""
    info = document["info"]
    title = escape(f"{info['title']} {info['version']}")
    yield f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>'
    yield f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style>'
    yield f"<h1>{title}</h1><p>{escape(info['description'])}</p>"
    yield '<p>The same for programs: <a href="/openapi.json">openapi.json</a>.</p><h2>Routes</h2>'
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield from _operation(method, path, operation)
    yield "<h2>Bodies</h2>"
    for name, schema in document["components"]["schemas"].items():
        yield from _schema(name, schema)


def _operation(method: str, path: str, operation: dict[str, Any]) -> Iterator[str]:
    yield f"<details open><summary><b>{method.upper()}</b> <code>{escape(path)}</code></summary>"
    yield f"<p>{escape(operation['description'])}</p>"
    if operation.get("security"):
        yield "<p>Needs <code>Authorization: Bearer …</code>.</p>"
    yield "<table>"
    for parameter in operation.get("parameters", ()):
        name, told = escape(parameter["name"]), escape(parameter.get("description", ""))
        yield f"<tr><td><code>{name}</code> in the {parameter['in']}<td>{told}"
    if body := operation.get("requestBody"):
        (content,) = body["content"].values()
        yield f"<tr><td>body<td>{_type(content['schema'])}"
    for status, response in operation["responses"].items():
        (content,) = response["content"].values()
        yield f"<tr><td>{status}<td>{escape(response['description'])} {_type(content['schema'])}"
    yield "</table></details>"


def _schema(name: str, schema: dict[str, Any]) -> Iterator[str]:
    yield f'<details id="{escape(name)}"><summary><code>{escape(name)}</code></summary>'
    yield f"<p>{escape(schema.get('description', ''))}</p><table>"
    for field, of in schema.get("properties", {}).items():
        told = escape(of.get("description", ""))
        yield f"<tr><td><code>{escape(field)}</code><td>{_type(of)}<td>{told}"
    yield "</table></details>"


def _type(schema: dict[str, Any]) -> str:
    """A schema in a few words, with links to those that have a name."""
    if "$ref" in schema:
        name = escape(schema["$ref"].removeprefix(_REF))
        return f'<a href="#{name}">{name}</a>'
    if "anyOf" in schema:
        return " or ".join(map(_type, schema["anyOf"]))
    if "enum" in schema:
        return " | ".join(f"<code>{escape(str(one))}</code>" for one in schema["enum"])
    if schema.get("type") == "array":
        return f"array of {_type(schema['items'])}"
    kind = schema.get("type", "anything")
    return escape(schema["title"] if kind == "object" else kind)

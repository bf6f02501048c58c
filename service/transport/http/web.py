"""The demonstration page, served from the package."""

from pathlib import Path

from fastapi import FastAPI
from starlette.responses import FileResponse
from starlette.staticfiles import StaticFiles

FOLDER = Path(__file__).parents[2] / "web"

# Everything comes from here; media are local or from the peer.
POLICY = "default-src 'self'; img-src 'self' data:; connect-src 'self' ws: wss:; base-uri 'none'"
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def serve_page(app: FastAPI) -> None:
    """Put the page at `/` and its parts under `/web/`."""

    @app.get("/", include_in_schema=False)
    async def page() -> FileResponse:
        return FileResponse(FOLDER / "index.html", headers=HEADERS)

    app.mount("/web", StaticFiles(directory=FOLDER), name="web")
